"""Messages. A deleted message keeps its row, without text, because other messages and the log refer to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models, router, transaction
from django.db.models import OuterRef, Q
from django.utils import timezone

from api.models.counters import MessageNumbering
from api.models.reactions import MAX_DISTINCT, Reaction, ReactionQuerySet, tally_of
from tidewire import RelatedRows, note
from tidewire.models import LiveModel, LiveQuerySet
from tidewire.rest.conflicts import Conflict

MAX_MENTIONS = 20


class MessageQuerySet(LiveQuerySet["Message"]):
    def whole(self) -> Self:
        """The messages with their authors and with their reactions as `tally`, in one query."""
        named = Reaction.objects.named().filter(message=OuterRef("pk"))
        tally = RelatedRows(named, "emoji", "user_id", "total", into=tally_of)
        return self.select_related("author").defer(*_hidden_author_fields()).annotate(tally=tally)

    def shown(self) -> Self:
        """Those that may be read: not deleted, and not of an account that is being erased."""
        return self.filter(deleted_at=None, author__erased_at=None)

    def soft_delete(self) -> None:
        """Removes the text, mentions and reactions, in a few statements however many messages. The rows stay."""
        with transaction.atomic():
            Mention.objects.filter(message__in=self)._raw_delete(self.db)
            Reaction.objects.filter(message__in=self)._raw_delete(self.db)
            self.update(text="", mentions=[], deleted_at=timezone.now())

    # Message.objects is all messages, so it has no such method.
    soft_delete.queryset_only = True  # pyright: ignore[reportFunctionMemberAccess]  Django reads it

    def bulk_create(self, objs: Iterable[Message], *args: Any, **kwargs: Any) -> list[Message]:
        """As Django's. Each message gets its number in its room at the end of the transaction."""
        with transaction.atomic(using=self.db, savepoint=False):
            created = super().bulk_create(objs, *args, **kwargs)
            note(self.db, [MessageNumbering(message.pk) for message in created])
            return created


@cache
def _hidden_author_fields() -> tuple[str, ...]:
    """The columns of an author that no message shows: fetching and converting them for each message takes time."""
    fields = get_user_model()._meta.concrete_fields
    return tuple(f"author__{field.name}" for field in fields if field.name not in ("id", "name"))


class Message(LiveModel):
    room = models.ForeignKey("api.Room", on_delete=models.CASCADE, related_name="messages", db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
        db_index=False,
    )
    text = models.TextField(max_length=4000, blank=True, help_text="Empty once the message is deleted.")
    reply_to = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies")
    mentions = models.JSONField(default=list, blank=True, editable=False, help_text="The ids of members, as sent.")
    number = models.BigIntegerField(
        null=True, editable=False, help_text="Counts the messages of the room, deleted ones too; given at COMMIT."
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    edited_at = models.DateTimeField(null=True, editable=False)
    deleted_at = models.DateTimeField(null=True, editable=False)

    room_id: UUID
    author_id: UUID | None
    reply_to_id: UUID | None
    reactions: ReactionQuerySet
    tally: list[dict[str, Any]]
    """The reactions as `[{"emoji": …, "count": …, "users": [id, …]}]`, in the order of each emoji's first use. Of rows
    of `whole()`."""
    mentioned: LiveQuerySet[Mention]

    objects = MessageQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        indexes = [
            models.Index(fields=["room", "created_at", "id"], name="message_by_time"),
            models.Index(fields=["created_at", "id"], name="message_by_age"),  # a search for a frequent word
            # Both are for the unread count, from which a user's own messages and deleted ones are subtracted.
            models.Index(fields=["author", "room", "number"], name="message_by_author"),
            models.Index(fields=["room", "number"], condition=Q(deleted_at__isnull=False), name="message_deleted"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} in {self.room_id}"

    def save(self, **kwargs: Any) -> None:
        """As Django's. A new message gets its number in its room at the end of the transaction."""
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        is_new = self._state.adding
        with transaction.atomic(using=using, savepoint=False):
            super().save(**kwargs)
            if is_new:
                note(using, [MessageNumbering(self.pk)])

    def edit(self, text: str | None = None, mentions: list[UUID] | None = None) -> None:
        """Replaces the text, the mentions, or both. Members who were not mentioned before get an event."""
        self.edited_at = timezone.now()
        self.text = self.text if text is None else text
        before, after = set(self.mentions), self.mentions if mentions is None else [str(id) for id in mentions]
        self.mentions = after
        self.save(update_fields=["text", "mentions", "edited_at"])
        self.mention(UUID(id) for id in after if id not in before)

    def mention(self, user_ids: Iterable[UUID]) -> None:
        """Makes an event in the stream of each of these users, but no second one for the same message."""
        rows = [Mention(message=self, user_id=user_id) for user_id in user_ids]
        if rows:
            known = set(self.mentioned.values_list("user", flat=True)) if self.edited_at else set()
            Mention.objects.bulk_create(row for row in rows if row.user_id not in known)

    def soft_delete(self) -> None:
        """Removes the content and keeps the row: replies refer to it, and its id stays taken."""
        Message.objects.filter(pk=self.pk).soft_delete()

    def react(self, user: Any, emoji: str) -> bool:
        """Adds a user's reaction, and returns whether it is new. Call it with the message locked.

        Raises Conflict when the message has MAX_DISTINCT other emoji.
        """
        if self.reactions.filter(user=user, emoji=emoji).exists():
            return False
        # Not `tally`: the statement that locked the message saw the reactions as they were before it waited.
        used = set(self.reactions.values_list("emoji", flat=True))
        if emoji not in used and len(used) >= MAX_DISTINCT:
            raise Conflict("too_many_emoji", f"A message takes {MAX_DISTINCT} different emoji.")
        Reaction.objects.create(message=self, user=user, emoji=emoji)
        return True

    def unreact(self, user: Any, emoji: str) -> None:
        """Takes a user's reaction back, if there is one."""
        self.reactions.filter(user=user, emoji=emoji).delete()


class Mention(LiveModel):
    """A member was mentioned in a message. It is the only event of a message that goes to a user's own stream."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentioned", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")
    message_id: UUID
    user_id: UUID

    class Meta(LiveModel.Meta):
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"
