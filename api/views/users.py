"""Accounts: registration, the caller's own account, and its password."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api.auth import scopes
from api.models import User
from api.rest.views import BaseViewSet
from api.serializers.users import PasswordSerializer, RegisterSerializer, UserSerializer
from tidewire.rest.preconditions import VersionMixin


class RegisterViewSet(VersionMixin, BaseViewSet):
    authentication_classes = []
    permission_classes = [AllowAny]
    is_transactional = False

    @extend_schema(operation_id="users_create", request=RegisterSerializer, responses={201: UserSerializer})
    def create(self, request: Request) -> Response:
        """Register."""
        serializer = RegisterSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        user = serializer.save()
        return Response(UserSerializer(user).data, status=201, headers={"Location": reverse("me")})


class MeViewSet(VersionMixin, BaseViewSet):
    """The caller's own account. A key sees whose it is, and changes nothing of it."""

    resource = "me"
    serializer_class = UserSerializer
    is_cacheable = True

    def get_binding(self) -> str:
        return scopes.ANYWHERE

    @extend_schema(operation_id="me_retrieve", responses=UserSerializer)
    def retrieve(self, request: Request) -> Response:
        """Your own account."""
        return Response(UserSerializer(self.user).data)

    @extend_schema(operation_id="me_update", request=UserSerializer, responses=UserSerializer)
    def partial_update(self, request: Request) -> Response:
        """Change your name."""
        user = User.objects.select_for_update(no_key=True).get(pk=self.user.pk)
        self.check_version(user)
        serializer = UserSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        if "name" in serializer.validated_data:
            user.name = serializer.validated_data["name"]
            user.save(update_fields=["name"])
        return Response(UserSerializer(user).data)

    @extend_schema(operation_id="me_destroy", responses={204: None})
    def destroy(self, request: Request) -> Response:
        """Delete your account and your messages. A room of which you are the only owner gets another owner."""
        self.check_version(self.user)
        self.user.erase()
        return Response(status=204)


class PasswordViewSet(BaseViewSet):
    is_transactional = False

    @extend_schema(tags=["me"], operation_id="me_password", request=PasswordSerializer, responses={204: None})
    def create(self, request: Request) -> Response:
        """Change your password. Ends your other sessions."""
        user = self.user
        passwords = self.validated(PasswordSerializer, user=user)
        if not user.check_password(passwords["current_password"]):
            error = ErrorDetail("This is not the password.", "incorrect")
            raise ValidationError({"current_password": [error]})
        user.change_password(make_password(passwords["new_password"]), keep_session=self.identity.session_id)
        return Response(status=204)
