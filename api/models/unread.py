"""How much of a room somebody has not read: derived when asked, so that a message costs the same in any room.

The room counts its messages, and each message knows its number. What is unread is the distance from one's read marker
(or from where one joined) to the counter, less what is gone or was said by oneself since. Both corrections are short
index scans.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from api.models.members import Member
from api.models.messages import Message
from api.models.rooms import Room


def with_unread_count(rooms: QuerySet[Room], user_id: Any) -> QuerySet[Room]:
    """The rooms with `my_unread_count`, None where the user is no member."""
    mine = Member.objects.filter(room=OuterRef("pk"), user=user_id)
    read = mine.annotate(upto=Greatest(Coalesce("marker__message__number", 0), "read_from")).values("upto")
    later = Message.objects.filter(room=OuterRef("pk"), number__gt=OuterRef("my_read"))
    return rooms.annotate(
        my_read=Subquery(read[:1]),
        my_unread_count=Coalesce(F("counter__total"), 0)
        - F("my_read")
        - _count(later.filter(author=user_id))
        - _count(later.filter(~Q(author=user_id) | Q(author=None), deleted_at__isnull=False)),
    )


def _count(messages: QuerySet[Message]) -> Coalesce:
    counted = messages.order_by().values("room").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))
