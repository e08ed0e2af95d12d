from rest_framework import serializers

from api.models import Message
from api.serializers.users import PublicUserSerializer


class MessageSerializer(serializers.ModelSerializer):
    room = serializers.UUIDField(source="room_id", read_only=True)
    author = PublicUserSerializer(read_only=True, allow_null=True)
    reply_to = serializers.UUIDField(source="reply_to_id", read_only=True, allow_null=True)
    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Message
        fields = read_only_fields = ["id", "room", "author", "text", "reply_to", "edited_at", "version", "created_at"]


class MessageKeySerializer(serializers.Serializer):
    """What is left to say of a deleted message. `version` orders it against edits that arrive late."""

    id = serializers.UUIDField()
    room = serializers.UUIDField()
    deleted_at = serializers.DateTimeField()
    version = serializers.IntegerField()
