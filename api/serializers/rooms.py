"""Rooms as JSON, and the bodies that create and change them."""

from __future__ import annotations

from functools import cached_property
from typing import Any
from uuid import UUID

from rest_framework import serializers

from api.models import Member, Room, User
from tidewire.rest.fields import ClientIDField, IDField, NameField
from tidewire.rest.serializers import RowSerializer, column

NAME_LENGTH = column(Room, "name").max_length


class RoomSerializer(RowSerializer[Room]):
    """A room, the same for every reader."""

    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Room
        fields = read_only_fields = ["id", "name", "kind", "version", "created_at", "updated_at"]


class MeInRoomSerializer(serializers.Serializer[Room]):
    """Values that depend on the reader. Never part of an event."""

    role = serializers.ChoiceField(Member.Role.choices, source="my_role", allow_null=True, read_only=True)
    unread_count = serializers.IntegerField(
        source="my_unread_count",
        min_value=0,
        allow_null=True,
        read_only=True,
        help_text="Other members' messages after your read marker, or since you joined if there is none.",
    )


class MyRoomSerializer(RoomSerializer):
    """A room in REST, with values that depend on the reader."""

    # The row must have `my_role` and `my_unread_count`, see Room.objects.with_unread_count.
    me = MeInRoomSerializer(source="*", read_only=True)

    class Meta(RoomSerializer.Meta):
        fields = read_only_fields = [*RoomSerializer.Meta.fields, "me"]


class RoomCreateSerializer(serializers.Serializer):
    """`name` for a public or private room, `user_id` for a direct one."""

    id = ClientIDField(required=False)
    kind = serializers.ChoiceField(Room.Kind.choices, default=Room.Kind.PRIVATE)
    name = NameField(max_length=NAME_LENGTH, required=False)
    user_id = IDField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        required, other = ("user_id", "name") if attrs["kind"] == Room.Kind.DIRECT else ("name", "user_id")
        if required not in attrs:
            raise serializers.ValidationError({required: self.fields[required].error_messages["required"]}, "required")
        if other in attrs:
            raise serializers.ValidationError({other: f"Not for a {attrs['kind']} room."}, "unexpected")
        return attrs

    def validate_user_id(self, value: UUID) -> UUID:
        if value == self.context["user"].pk:
            raise serializers.ValidationError("A direct room takes somebody else.", "invalid")
        if not User.objects.filter(pk=value, is_active=True, is_service=False).exists():
            raise serializers.ValidationError("There is no such user.", "does_not_exist")
        return value


class RoomUpdateSerializer(serializers.Serializer):
    """The kind of a direct room cannot be changed."""

    name = NameField(max_length=NAME_LENGTH, required=False)
    kind = serializers.ChoiceField([Room.Kind.PUBLIC, Room.Kind.PRIVATE], required=False)


class TransferSerializer(serializers.Serializer):
    user_id = IDField(help_text="The member who becomes the owner.")


class RoomKeySerializer(serializers.Serializer):
    """The key of a deleted room."""

    id = serializers.UUIDField()


class JoinedRoomSerializer(serializers.Serializer[Member]):
    """A membership, told to the person whose it is: the room."""

    documented_as = RoomSerializer

    @cached_property
    def _room(self) -> RoomSerializer:
        return RoomSerializer()

    def to_representation(self, instance: Member) -> dict[str, Any]:
        return self._room.to_representation(instance.room)
