"""Accounts."""

from __future__ import annotations

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from api.models import User
from api.serializers.users import RegisterSerializer, UserSerializer
from api.views.base import BaseViewSet
from api.views.preconditions import VersionMixin


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
    """The caller's own account."""

    @extend_schema(operation_id="me_retrieve", responses=UserSerializer)
    def retrieve(self, request: Request) -> Response:
        """Who am I."""
        return Response(UserSerializer(request.user).data)

    @extend_schema(operation_id="me_update", request=UserSerializer, responses=UserSerializer)
    def partial_update(self, request: Request) -> Response:
        """Change my name."""
        user = User.objects.select_for_update(no_key=True).get(pk=request.user.pk)
        self.check_version(user)
        serializer = UserSerializer(user, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        if "name" in serializer.validated_data:
            user.name = serializer.validated_data["name"]
            user.save(update_fields=["name"])
        return Response(UserSerializer(user).data)
