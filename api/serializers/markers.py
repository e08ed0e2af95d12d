"""Read markers as JSON, and the body that moves one."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers

from api.models import Message, ReadMarker
from tidewire.rest.fields import IDField
from tidewire.rest.serializers import RowSerializer


class ReadMarkerSerializer(RowSerializer[ReadMarker]):
    room = serializers.UUIDField(source="room_id", read_only=True)
    user_id = serializers.UUIDField(read_only=True)
    message = serializers.UUIDField(source="message_id", read_only=True)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = ReadMarker
        fields = read_only_fields = ["room", "user_id", "message", "at", "version"]


class ReadSerializer(serializers.Serializer):
    message = IDField(help_text="The last message that was read.")

    def validate_message(self, value: UUID) -> Message:
        """Returns the message, which may be deleted. The context has the room."""
        message = self.context["room"].messages.filter(pk=value).first()
        if message is None:
            raise serializers.ValidationError("There is no such message in this room.", "does_not_exist")
        return message


class ReadMarkerKeySerializer(serializers.Serializer):
    """What names a marker in its room. It ends with the membership: `member.left`."""

    user_id = serializers.UUIDField()
