from contextlib import suppress
from uuid import UUID

from django.db import models
from rest_framework import serializers

from api.models import Member, Mention, Message
from api.models.messages import MAX_MENTIONS
from api.models.reactions import MAX_DISTINCT, MAX_NAMED
from api.rest.fields import ClientIDField, IDField, UTCField, VerbatimTextField
from api.serializers.users import PublicUserSerializer

MAX_LENGTH = Message._meta.get_field("text").max_length


class ReactionSerializer(serializers.Serializer):
    emoji = serializers.CharField()
    count = serializers.IntegerField(min_value=1)
    users = serializers.ListField(child=serializers.UUIDField(), help_text=f"The first {MAX_NAMED} of them.")


class MessageSerializer(serializers.ModelSerializer):
    """Wants rows of Message.objects.whole()."""

    room = serializers.UUIDField(source="room_id", read_only=True)
    author = PublicUserSerializer(read_only=True, allow_null=True)
    reply_to = serializers.UUIDField(source="reply_to_id", read_only=True, allow_null=True)
    mentions = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    reactions = ReactionSerializer(
        source="tally", many=True, read_only=True, help_text=f"At most {MAX_DISTINCT} emoji, the first used one first."
    )
    version = serializers.IntegerField(read_only=True)

    serializer_field_mapping = serializers.ModelSerializer.serializer_field_mapping | {models.DateTimeField: UTCField}

    class Meta:
        model = Message
        fields = read_only_fields = [
            "id",
            "room",
            "author",
            "text",
            "reply_to",
            "mentions",
            "reactions",
            "edited_at",
            "version",
            "created_at",
        ]


class Known:
    """What a message may refer to: members and messages of its room. Asked for one by one, or for a batch at once."""

    def __init__(self, room):
        self._room = room
        self._members = self._messages = None

    def preload(self, items):
        """Two queries for all that these items of a request name."""
        named = [id for item in items for id in _ids(item.get("mentions"))]
        replied = [id for item in items for id in _ids([item.get("reply_to")])]
        self._members, self._messages = self.members(named), self.messages(replied)

    def add(self, message_id):
        """A message that is about to be."""
        self._messages.add(message_id)

    def members(self, ids):
        if self._members is not None:
            return self._members
        members = Member.objects.filter(room=self._room, user__in=ids, user__is_active=True)
        return set(members.values_list("user", flat=True)) if ids else set()

    def messages(self, ids):
        if self._messages is not None:
            return self._messages
        return set(self._room.messages.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _ids(values):
    """Those of these values that are ids; what is wrong with the others the fields say."""
    for value in values[:MAX_MENTIONS] if isinstance(values, list) else ():
        with suppress(ValueError, TypeError, AttributeError):
            yield UUID(value)


class MentionsField(serializers.ListField):
    """Members of the room, of which the view puts what is known into the context: each once, in the order given."""

    child = IDField()

    def __init__(self, **kwargs):
        text = "Ids of members. They are not looked for in the text."
        super().__init__(max_length=MAX_MENTIONS, help_text=text, **kwargs)

    def to_internal_value(self, data):
        if isinstance(data, list) and len(data) > MAX_MENTIONS:  # before they are looked for
            self.fail("max_length", max_length=MAX_MENTIONS)
        ids = list(dict.fromkeys(super().to_internal_value(data)))
        if not ids:
            return ids
        known = self.context["known"].members(ids)
        errors = {
            index: [serializers.ErrorDetail("There is no such member.", "does_not_exist")]
            for index, id in enumerate(ids)
            if id not in known
        }
        if errors:
            raise serializers.ValidationError(errors)
        return ids


class MessageCreateSerializer(serializers.Serializer):
    id = ClientIDField(required=False)
    text = VerbatimTextField(max_length=MAX_LENGTH)
    reply_to = IDField(required=False, allow_null=True, help_text="A message of the same room, even a deleted one.")
    mentions = MentionsField(required=False)

    def validate_reply_to(self, value):
        """The view gives what is known of the room."""
        if value is not None and value not in self.context["known"].messages([value]):
            raise serializers.ValidationError("There is no such message in this room.", "does_not_exist")
        return value


class MessageUpdateSerializer(serializers.Serializer):
    text = VerbatimTextField(max_length=MAX_LENGTH, required=False)
    mentions = MentionsField(required=False)


class MessageKeySerializer(serializers.Serializer):
    """What is left to say of a deleted message. `version` orders it against edits that arrive late."""

    id = serializers.UUIDField()
    room = serializers.UUIDField()
    deleted_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class MentionSerializer(serializers.ModelSerializer):
    """Told to the person who was mentioned: where."""

    room = serializers.UUIDField(source="message.room_id", read_only=True)
    message = serializers.UUIDField(source="message_id", read_only=True)

    class Meta:
        model = Mention
        fields = read_only_fields = ["room", "message"]
