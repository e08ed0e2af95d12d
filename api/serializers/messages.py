"""Messages as JSON, and the bodies that create and change them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import models
from rest_framework import serializers

from api.models import Member, Mention, Message, Room
from api.models.messages import MAX_MENTIONS
from api.models.reactions import MAX_DISTINCT, MAX_NAMED
from api.serializers.users import PublicUserSerializer
from tidewire.rest.fields import ClientIDField, IDField, ShortListField, UTCField, VerbatimTextField
from tidewire.rest.serializers import RowSerializer, column

MAX_LENGTH = column(Message, "text").max_length


class ReactionSerializer(serializers.Serializer):
    emoji = serializers.CharField()
    count = serializers.IntegerField(min_value=1)
    users = serializers.ListField(child=serializers.UUIDField(), help_text=f"The first {MAX_NAMED} of them.")


class MessageSerializer(RowSerializer[Message]):
    """A message, the same for every reader."""

    # Its rows must come from `Message.objects.whole()`.

    room = serializers.UUIDField(source="room_id", read_only=True)
    author = PublicUserSerializer(read_only=True, allow_null=True)
    reply_to = serializers.UUIDField(source="reply_to_id", read_only=True, allow_null=True)
    mentions = serializers.ListField(child=serializers.UUIDField(), read_only=True)
    reactions = ReactionSerializer(
        source="tally",
        many=True,
        read_only=True,
        help_text=f"At most {MAX_DISTINCT} emoji, in the order of their first use.",
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


class References:
    """The members and messages of a room that a new message may refer to.

    They are looked up for each message, or for a batch at once.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._members: set[UUID] | None = None
        self._messages: set[UUID] | None = None

    def preload(self, items: list[dict[str, Any]]) -> None:
        """Looks up all ids in these items of a request, in two queries."""
        mentioned = [id for item in items for id in _ids(item.get("mentions"))]
        replied_to = [id for item in items for id in _ids([item.get("reply_to")])]
        self._members, self._messages = self.members(mentioned), self.messages(replied_to)

    def add(self, message_id: UUID | None) -> None:
        """Adds a message of the same batch, which later ones may reply to. Call it after `preload`."""
        if self._messages is not None and message_id is not None:
            self._messages.add(message_id)

    def members(self, ids: list[UUID]) -> set[UUID]:
        """Returns the users of these ids who are members, and perhaps others."""
        if self._members is not None:
            return self._members
        members = Member.objects.filter(room=self._room, user__in=ids, user__is_active=True)
        return set(members.values_list("user", flat=True)) if ids else set()

    def messages(self, ids: list[UUID]) -> set[UUID]:
        """Returns the messages of these ids that are in the room, and perhaps others."""
        if self._messages is not None:
            return self._messages
        return set(self._room.messages.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()


def _ids(values: Any) -> Iterator[UUID]:
    """Yields the values that are ids. The fields report the others."""
    for value in values[:MAX_MENTIONS] if isinstance(values, list) else ():
        with suppress(ValueError, TypeError, AttributeError):
            yield UUID(value)


class MentionsField(ShortListField):
    """Ids of members, each once, in the order given. The context has `references`."""

    child = IDField()

    def __init__(self, **kwargs: Any) -> None:
        text = "Ids of members. The server does not look for mentions in the text."
        super().__init__(max_length=MAX_MENTIONS, help_text=text, **kwargs)

    def to_internal_value(self, data: Any) -> list[UUID]:
        ids = list(dict.fromkeys(super().to_internal_value(data)))
        if not ids:
            return ids
        known = self.context["references"].members(ids)
        errors: dict[Any, Any] = {
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

    def validate_reply_to(self, value: UUID | None) -> UUID | None:
        """The context has `references`."""
        if value is not None and value not in self.context["references"].messages([value]):
            raise serializers.ValidationError("There is no such message in this room.", "does_not_exist")
        return value


class MessageUpdateSerializer(serializers.Serializer):
    text = VerbatimTextField(max_length=MAX_LENGTH, required=False)
    mentions = MentionsField(required=False)


class MessageKeySerializer(serializers.Serializer):
    """The key of a deleted message. `version` orders it against edits that arrive later."""

    id = serializers.UUIDField()
    room = serializers.UUIDField()
    deleted_at = serializers.DateTimeField()
    version = serializers.IntegerField()


class MentionSerializer(RowSerializer[Mention]):
    """Where a user was mentioned. Sent to that user."""

    room = serializers.UUIDField(source="message.room_id", read_only=True)
    message = serializers.UUIDField(source="message_id", read_only=True)

    class Meta:
        model = Mention
        fields = read_only_fields = ["room", "message"]
