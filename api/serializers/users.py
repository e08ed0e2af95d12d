"""Users as JSON, and the bodies that create and change accounts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework import serializers

from api.models import User
from tidewire.rest.fields import NameField, TextField
from tidewire.rest.serializers import RowSerializer, column

NAME_LENGTH = column(User, "name").max_length


class PublicUserSerializer(RowSerializer[User]):
    """The public data of a user."""

    class Meta:
        model = User
        fields = read_only_fields = ["id", "name"]


class UserSerializer(RowSerializer[User]):
    """Your own account. Only the name can be changed."""

    name = NameField(max_length=NAME_LENGTH)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = User
        fields = ["id", "email", "name", "version"]
        read_only_fields = ["id", "email"]


class PasswordSerializer(serializers.Serializer):
    """The present and the new password."""

    # Its context must hold the user.

    current_password = TextField(max_length=128, trim_whitespace=False, write_only=True)
    new_password = TextField(max_length=128, trim_whitespace=False, write_only=True)

    def validate_new_password(self, value: str) -> str:
        try:
            validate_password(value, self.context["user"])
        except ValidationError as error:
            raise serializers.ValidationError(serializers.as_serializer_error(error)["non_field_errors"]) from None
        return value


class RegisterSerializer(RowSerializer[User]):
    name = NameField(max_length=NAME_LENGTH)
    password = TextField(max_length=128, trim_whitespace=False, write_only=True)

    class Meta:
        model = User
        fields = ["email", "name", "password"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        user = User(email=attrs["email"], name=attrs["name"])
        try:
            validate_password(attrs["password"], user)
        except ValidationError as error:
            raise serializers.ValidationError({"password": serializers.as_serializer_error(error)}) from None
        return attrs

    def create(self, validated_data: dict[str, Any]) -> User:
        return User.objects.create_user(**validated_data)
