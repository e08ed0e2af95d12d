"""What was said. A deleted message keeps its row, without text, for `reply_to` and for the log."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models, router, transaction
from django.db.models import Prefetch, Q
from django.utils import timezone

from api.models.counters import Numbering
from api.models.reactions import Reaction
from tidewire import note
from tidewire.models import LiveModel, LiveQuerySet

MAX_MENTIONS = 20


class MessageQuerySet(LiveQuerySet):
    def whole(self) -> MessageQuerySet:
        """With all that a message shows: two queries, however many messages."""
        reactions = Prefetch("reactions", Reaction.objects.named(), to_attr="named_reactions")
        return self.select_related("author").defer(*_unshown_of_author()).prefetch_related(reactions)

    def bulk_create(self, objs: Iterable[Message], *args: Any, **kwargs: Any) -> list[Message]:
        with transaction.atomic(using=self.db, savepoint=False):
            created = super().bulk_create(objs, *args, **kwargs)
            note(self.db, [Numbering(message.pk) for message in created])
            return created

    bulk_create.alters_data = True


@cache
def _unshown_of_author() -> tuple[str, ...]:
    """What nobody is shown of an author need not be fetched, and made a datetime, with each of their messages."""
    fields = Message._meta.get_field("author").related_model._meta.concrete_fields
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

    objects = MessageQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        indexes = [
            models.Index(fields=["room", "created_at", "id"], name="message_by_time"),
            # Both are for what is unread: what somebody said themselves, and what is gone, is not.
            models.Index(fields=["author", "room", "number"], name="message_by_author"),
            models.Index(fields=["room", "number"], condition=Q(deleted_at__isnull=False), name="message_deleted"),
        ]

    def __str__(self) -> str:
        return f"{self.pk} in {self.room_id}"

    def save(self, **kwargs: Any) -> None:
        """A new message takes its room's next number at the end of its transaction."""
        using = kwargs.get("using") or router.db_for_write(type(self), instance=self)
        is_new = self._state.adding
        with transaction.atomic(using=using, savepoint=False):
            super().save(**kwargs)
            if is_new:
                note(using, [Numbering(self.pk)])

    save.alters_data = True

    @property
    def tally(self) -> list[dict[str, Any]]:
        """Its reactions by emoji, in the order of their first ones."""
        rows = self.__dict__.get("named_reactions")
        if rows is None:
            rows = self.reactions.named()
        tally: dict[str, dict[str, Any]] = {}
        for row in rows:
            entry = tally.setdefault(row.emoji, {"emoji": row.emoji, "count": row.total, "users": []})
            entry["users"].append(row.user_id)
        return list(tally.values())

    def edit(self, text: str | None = None, mentions: list[UUID] | None = None) -> None:
        self.edited_at = timezone.now()
        self.text = self.text if text is None else text
        before, after = set(self.mentions), self.mentions if mentions is None else [str(id) for id in mentions]
        self.mentions = after
        self.save(update_fields=["text", "mentions", "edited_at"])
        self.mention(UUID(id) for id in after if id not in before)

    def mention(self, user_ids: Iterable[UUID]) -> None:
        """Tells these people, each in their own stream. Who is named again after an edit is not told twice."""
        rows = [Mention(message=self, user_id=user_id) for user_id in user_ids]
        if rows:
            known = set(self.mentioned.values_list("user", flat=True)) if self.edited_at else set()
            Mention.objects.bulk_create(row for row in rows if row.user_id not in known)

    def soft_delete(self) -> None:
        """Take the words away and keep the row: replies still point at it, and its id stays taken."""
        soft_delete(Message.objects.filter(pk=self.pk))


def soft_delete(messages: MessageQuerySet) -> None:
    """Takes the words of these messages away, and what was thought of them. A few statements for any number."""
    with transaction.atomic():
        Mention.objects.filter(message__in=messages)._raw_delete(messages.db)
        Reaction.objects.filter(message__in=messages)._raw_delete(messages.db)
        messages.update(text="", mentions=[], deleted_at=timezone.now())


class Mention(LiveModel):
    """A member was named in a message: the one thing about a message that is told to a person and not to a room."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentioned", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")

    class Meta(LiveModel.Meta):
        constraints = [models.UniqueConstraint(fields=["message", "user"], name="mention_once")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"
