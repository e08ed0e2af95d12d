"""API keys as JSON, and the bodies that create and change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from api.auth.scopes import CHOICES
from api.models import Key
from api.serializers.users import PublicUserSerializer
from tidewire.rest.fields import ClientIDField, NameField, ShortListField, StorableTimeField, TextField
from tidewire.rest.serializers import RowSerializer, column

NAME_LENGTH = column(Key, "name").max_length


class ScopesField(ShortListField):
    child = serializers.ChoiceField(CHOICES)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=len(CHOICES), **kwargs)

    def to_internal_value(self, data: Any) -> list[str]:
        return sorted(set(super().to_internal_value(data)))


class KeySerializer(RowSerializer[Key]):
    """A key without its text. Only a hash of the text is stored."""

    user = PublicUserSerializer(
        read_only=True, help_text="The account as which it acts: a user, or its own service account."
    )
    scopes = serializers.ListField(child=serializers.ChoiceField(CHOICES), read_only=True)
    stream = serializers.SerializerMethodField(help_text="The stream to which it is bound.")
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Key
        fields = read_only_fields = [
            "id",
            "name",
            "last4",
            "user",
            "stream",
            "scopes",
            "created_at",
            "expires_at",
            "used_at",
            "version",
        ]

    def get_stream(self, key: Key) -> str | None:
        return key.stream or None


class NewKeySerializer(KeySerializer):
    """A key with its text, which is shown only once."""

    key = serializers.CharField(source="text", read_only=True, help_text="`tw_live_…`. It cannot be shown again.")

    class Meta(KeySerializer.Meta):
        fields = read_only_fields = [*KeySerializer.Meta.fields, "key"]


class ExpiryField(StorableTimeField):
    default_error_messages = {"past": "Must be in the future."}

    def to_internal_value(self, value: Any) -> datetime:
        at = super().to_internal_value(value)
        if at <= timezone.now():
            self.fail("past")
        return at


class KeyCreateSerializer(serializers.Serializer):
    id = ClientIDField(required=False)
    name = NameField(max_length=NAME_LENGTH)
    scopes = ScopesField()
    expires_at = ExpiryField(
        required=False, allow_null=True, help_text="Without it, the key is valid until it is revoked."
    )
    stream = TextField(
        max_length=100,
        required=False,
        allow_null=True,
        help_text="Binds the key to this room or dashboard (owners): `room:…`. It then acts as a service account, "
        "which is a member there.",
    )


class KeyUpdateSerializer(serializers.Serializer):
    name = NameField(max_length=NAME_LENGTH, required=False)


class KeyRotateSerializer(serializers.Serializer):
    expires_at = ExpiryField(
        required=False, allow_null=True, help_text="Without it, the new key has the same lifetime."
    )


class EndedKeySerializer(serializers.Serializer):
    """A key of a room or a dashboard that ended: it was revoked, or its maker is no owner any more."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    user = PublicUserSerializer(help_text="The service account as which it acted.")
