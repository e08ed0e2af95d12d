"""Rooms, in which members write messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.db import models, router, transaction
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from api.models import room_erasure
from api.models.keys import Key
from api.models.members import Member
from api.models.memberships import Membership, SharedQuerySet, SharedResource
from api.models.messages import Mention, Message, MessageQuerySet
from tidewire import deferred_inserts, start_job

HIDDEN = "erased"
"""The kind of a room whose rows are being deleted."""


class RoomQuerySet(SharedQuerySet["Room"]):
    def shown(self) -> Self:
        return self.exclude(kind=HIDDEN)

    def with_unread_count(self, user_id: Any) -> Self:
        """The rooms with `my_unread_count`, which is None in rooms that the user is not a member of.

        The room counts its messages, and each message has a number. The unread count is the distance from the user's
        read marker (or from the number at which the user joined) to the counter, less the messages since then that
        were deleted or that the user wrote. A new message therefore costs the same in any room. Both corrections are
        short index scans.
        """
        mine = Member.objects.filter(room=OuterRef("pk"), user=user_id)
        read = mine.annotate(upto=Greatest(Coalesce("marker__message__number", 0), "read_from")).values("upto")
        later = Message.objects.filter(room=OuterRef("pk"), number__gt=OuterRef("my_read"))
        return self.annotate(
            my_read=Subquery(read[:1]),
            my_unread_count=Coalesce(F("counter__total"), 0)
            - F("my_read")
            - _count(later.filter(author=user_id))
            - _count(later.filter(~Q(author=user_id) | Q(author=None), deleted_at__isnull=False)),
        )

    def create_direct(self, user_id: UUID, other_id: UUID, **fields: Any) -> Room:
        """Creates the direct room of two users. `direct_between` finds it again."""
        room = self.create(kind=Room.Kind.DIRECT, direct_key=direct_key(user_id, other_id), **fields)
        for id in (user_id, other_id):
            room.add_member(id)
        room.my_role = Membership.Role.MEMBER
        return room

    def direct_between(self, user_id: UUID, other_id: UUID) -> Self:
        return self.filter(direct_key=direct_key(user_id, other_id))


def _count(messages: QuerySet[Message]) -> Coalesce:
    counted = messages.order_by().values("room").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


class Room(SharedResource):
    class Kind(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"
        DIRECT = "direct"

    is_public_condition = Q(kind=Kind.PUBLIC)

    name = models.CharField(max_length=100, blank=True, help_text="Empty in direct rooms only.")
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.PRIVATE)
    direct_key = models.CharField(max_length=65, unique=True, null=True, editable=False)

    messages: MessageQuerySet
    my_unread_count: int | None

    objects = RoomQuerySet.as_manager()

    class Meta(SharedResource.Meta):
        indexes = [models.Index(fields=["created_at", "id"], name="room_by_time")]
        constraints = [
            # The two people of a direct room name it, so the database itself cannot hold it twice.
            models.CheckConstraint(
                condition=models.Q(kind="direct", direct_key__isnull=False)
                | (~models.Q(kind="direct") & models.Q(direct_key__isnull=True)),
                name="room_direct_key_iff_direct",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.kind} {self.pk}"

    @property
    def has_fixed_members(self) -> bool:
        """A direct room keeps its two members."""
        return self.kind == self.Kind.DIRECT

    @property
    def is_hidden(self) -> bool:
        return self.kind == HIDDEN

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """As Django's, with all memberships locked: a writer locks its own, so nothing is added to the room now.

        A large room is hidden instead, which its readers cannot tell from a deletion, and a job deletes its rows.
        """
        alias = using or router.db_for_write(Room, instance=self)
        with transaction.atomic(using=alias):
            list(self.members.using(alias).select_for_update(no_key=True).order_by("pk").values_list("pk"))
            if room_erasure.is_small(self.pk, alias):
                return super().delete(using, keep_parents)
            Key.objects.using(alias).filter(stream=f"room:{self.pk}").end()
            Room.objects.using(alias).filter(pk=self.pk).update(kind=HIDDEN, name="", direct_key=None)
            start_job(room_erasure.ERASE_ROOM, self.pk, alias)
            return 1, {self._meta.label: 1}

    def post(self, author: Any, text: str, **content: Any) -> Message:
        """Writes a message, with an event for each mentioned member. `content` is as for `_draft`."""
        message = self._draft(author, text, **content)
        with deferred_inserts():
            message.save(force_insert=True)
        message.mention(content.get("mentions", ()))
        return message

    def post_all(self, author: Any, contents: Sequence[dict[str, Any]]) -> list[Message]:
        """Writes messages in the order in which they are given. A few statements, however many messages."""
        messages = [self._draft(author, **content) for content in contents]
        now = timezone.now()
        for index, message in enumerate(messages):
            message.created_at = now + timedelta(microseconds=index)  # messages are listed and numbered by time
        Message.objects.bulk_create(messages)
        Mention.objects.bulk_create(
            Mention(message=message, user_id=UUID(id)) for message in messages for id in message.mentions
        )
        return messages

    def _draft(
        self,
        author: Any,
        text: str,
        *,
        id: UUID | None = None,
        reply_to: UUID | None = None,
        mentions: Iterable[UUID] = (),
    ) -> Message:
        """A message that is not saved. `id` may be made by the client; the others are ids of a message and of users."""
        known = {"id": id} if id else {}
        mentioned = [str(user_id) for user_id in mentions]
        message = Message(room=self, author=author, text=text, reply_to_id=reply_to, mentions=mentioned, **known)
        message.tally = []
        return message


def direct_key(user_id: UUID, other_id: UUID) -> str:
    """The key of the direct room of two users, the same in either order."""
    return ":".join(sorted((user_id.hex, other_id.hex)))
