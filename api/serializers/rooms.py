from rest_framework import serializers

from api.models import Member, Room, User
from api.rest.fields import ClientIDField, IDField, TextField

NAME_LENGTH = Room._meta.get_field("name").max_length


class RoomSerializer(serializers.ModelSerializer):
    """A room as every reader sees it."""

    version = serializers.IntegerField(read_only=True)

    class Meta:
        model = Room
        fields = read_only_fields = ["id", "name", "kind", "version", "created_at", "updated_at"]


class MeInRoomSerializer(serializers.Serializer):
    """What depends on the reader. Never in an event."""

    role = serializers.ChoiceField(Member.Role.choices, source="my_role", allow_null=True, read_only=True)
    unread_count = serializers.IntegerField(
        source="my_unread_count",
        min_value=0,
        allow_null=True,
        read_only=True,
        help_text="Others' messages after one's read marker; without one, since one joined.",
    )


class MyRoomSerializer(RoomSerializer):
    """A room as its reader sees it, in REST."""

    # Wants rows that know `my_role` and `my_unread_count`; see api/models/unread.py.
    me = MeInRoomSerializer(source="*", read_only=True)

    class Meta(RoomSerializer.Meta):
        fields = read_only_fields = [*RoomSerializer.Meta.fields, "me"]


class RoomCreateSerializer(serializers.Serializer):
    """A name for a public or private room, or the other person of a direct one."""

    id = ClientIDField(required=False)
    kind = serializers.ChoiceField(Room.Kind.choices, default=Room.Kind.PRIVATE)
    name = TextField(max_length=NAME_LENGTH, required=False)
    user_id = IDField(required=False)

    def validate(self, attrs):
        wanted, other = ("user_id", "name") if attrs["kind"] == Room.Kind.DIRECT else ("name", "user_id")
        if wanted not in attrs:
            raise serializers.ValidationError({wanted: self.fields[wanted].error_messages["required"]}, "required")
        if other in attrs:
            raise serializers.ValidationError({other: f"Not for a {attrs['kind']} room."}, "unexpected")
        return attrs

    def validate_user_id(self, value):
        if value == self.context["user"].pk:
            raise serializers.ValidationError("A direct room takes somebody else.", "invalid")
        if not User.objects.filter(pk=value, is_active=True, is_service=False).exists():
            raise serializers.ValidationError("There is no such user.", "does_not_exist")
        return value


class RoomUpdateSerializer(serializers.Serializer):
    """Direct rooms stay what they are."""

    name = TextField(max_length=NAME_LENGTH, required=False)
    kind = serializers.ChoiceField([Room.Kind.PUBLIC, Room.Kind.PRIVATE], required=False)


class TransferSerializer(serializers.Serializer):
    user_id = IDField(help_text="A member, who becomes the owner.")


class RoomKeySerializer(serializers.Serializer):
    """What is left to say of a room that is gone."""

    id = serializers.UUIDField()


class JoinedRoomSerializer(RoomSerializer):
    """A membership, told to the person whose it is: the room."""

    documented_as = RoomSerializer

    def to_representation(self, member):
        return super().to_representation(member.room)
