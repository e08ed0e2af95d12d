from rest_framework import serializers

from api.models import Message
from api.serializers.ids import ClientIDField
from api.serializers.users import PublicUserSerializer

MAX_LENGTH = Message._meta.get_field("text").max_length


class MessageSerializer(serializers.ModelSerializer):
    room = serializers.UUIDField(source="room_id", read_only=True)
    author = PublicUserSerializer(read_only=True, allow_null=True)
    reply_to = serializers.UUIDField(source="reply_to_id", read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Message
        fields = read_only_fields = ["id", "room", "author", "text", "reply_to", "edited_at", "version", "created_at"]


class MessageCreateSerializer(serializers.Serializer):
    id = ClientIDField(required=False)
    text = serializers.CharField(max_length=MAX_LENGTH)
    reply_to = serializers.UUIDField(required=False, allow_null=True)

    def validate_reply_to(self, value):
        """The view gives the room."""
        alive = self.context["room"].messages.filter(deleted_at=None)
        if value is not None and not alive.filter(pk=value).exists():
            raise serializers.ValidationError("There is no such message in this room.", "does_not_exist")
        return value


class MessageUpdateSerializer(serializers.Serializer):
    text = serializers.CharField(max_length=MAX_LENGTH)


class MessageKeySerializer(serializers.Serializer):
    """What is left to say of a deleted message. `version` orders it against edits that arrive late."""

    id = serializers.UUIDField()
    room = serializers.UUIDField()
    deleted_at = serializers.DateTimeField()
    version = serializers.IntegerField()
