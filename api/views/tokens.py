"""Signing in, refreshing tokens, signing out."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api.auth import sessions
from api.auth.authentication import REALM
from api.rest.views import BaseViewSet
from api.serializers.tokens import RefreshSerializer, SignInSerializer, TokenPairSerializer, VerifySerializer


class TokenViewSet(BaseViewSet):
    is_transactional = False  # a stolen token ends its session although the request fails
    # The client has no access token, or an expired one, which must not cause an error.
    authentication_classes = []
    permission_classes = [AllowAny]

    def get_authenticate_header(self, request: Request) -> str:
        return REALM

    def _value(self, serializer_class: type, name: str) -> str:
        serializer = serializer_class(data=self.request.data)
        serializer.is_valid(raise_exception=True)
        return serializer.validated_data[name]

    @extend_schema(operation_id="token_refresh", request=RefreshSerializer, responses=TokenPairSerializer)
    def refresh(self, request: Request) -> Response:
        """Exchange a refresh token for a new pair. For ten seconds, the same token gets the same pair again."""
        return Response(sessions.refresh(self._value(RefreshSerializer, "refresh")))

    @extend_schema(operation_id="token_verify", request=VerifySerializer, responses=OpenApiTypes.OBJECT)
    def verify(self, request: Request) -> Response:
        """Check whether a token is valid."""
        sessions.verify(self._value(VerifySerializer, "token"))
        return Response({})

    @extend_schema(operation_id="token_blacklist", request=RefreshSerializer, responses=OpenApiTypes.OBJECT)
    def blacklist(self, request: Request) -> Response:
        """Sign out: ends the session, its tokens and its sockets."""
        sessions.revoke(self._value(RefreshSerializer, "refresh"))
        return Response({})


class SignInViewSet(TokenViewSet):
    @extend_schema(operation_id="token_create", request=SignInSerializer, responses={200: TokenPairSerializer})
    def create(self, request: Request) -> Response:
        """Sign in with e-mail address and password."""
        serializer = SignInSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        return Response(sessions.sign_in(request._request, **serializer.validated_data))
