from rest_framework import serializers

from api.models import Room


class RoomSerializer(serializers.ModelSerializer):
    """A room as every reader sees it."""

    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Room
        fields = read_only_fields = ["id", "name", "kind", "version", "created_at", "updated_at"]


class RoomKeySerializer(serializers.Serializer):
    """What is left to say of a room that is gone."""

    id = serializers.UUIDField()


class JoinedRoomSerializer(RoomSerializer):
    """A membership, told to the person whose it is: the room."""

    class Meta(RoomSerializer.Meta):
        pass

    def to_representation(self, member):
        return super().to_representation(member.room)
