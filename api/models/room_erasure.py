"""The deletion of a large room, in slices of at most SLICE rows.

The room is hidden at once: `room.deleted` is recorded, its readers lose it, its keys end. Its members get their
`room.left` from the job.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps

from api.models.counters import MessageCounter
from api.models.markers import ReadMarker
from api.models.members import Member
from api.models.messages import Mention, Message
from api.models.reactions import Reaction
from tidewire import job

SLICE = 500
MEMBERS_AT_ONCE = 20
"""Members whose streams one slice locks."""

ERASE_ROOM = "erase_room"


def is_small(room_id: Any, using: str) -> bool:
    """Returns whether a room is small enough to be deleted in one transaction. Reads at most SLICE keys of each
    table."""
    left = SLICE
    for model in (Message, Member):
        left -= len(model.objects.using(using).filter(room=room_id).order_by().values_list("pk")[: left + 1])
        if left < 0:
            return False
    return True


@job(ERASE_ROOM)
def erase_slice(room_id: str, progress: str, using: str) -> str | None:
    """Does the next slice, and returns the name of its step; None when the room is gone."""
    rooms = apps.get_model("api", "Room")._base_manager.using(using).filter(pk=room_id)
    if not rooms.exists():
        return None
    for step in STEPS:
        if step(room_id, using):
            return step.__name__
    MessageCounter.objects.using(using).filter(room=room_id).delete()
    rooms.delete()
    return None


def end_memberships(room_id: str, using: str) -> int:
    rows = Member.objects.using(using).filter(room=room_id).order_by("pk")
    pks = list(rows.values_list("pk", flat=True)[:MEMBERS_AT_ONCE])
    Member.objects.using(using).filter(pk__in=pks).delete()
    return len(pks)


# Nothing below makes an event: the room's stream has ended.


def delete_reactions(room_id: str, using: str) -> int:
    return _delete(Reaction.objects.using(using).filter(message__room=room_id))


def delete_mentions(room_id: str, using: str) -> int:
    return _delete(Mention.objects.using(using).filter(message__room=room_id))


def delete_messages(room_id: str, using: str) -> int:
    messages = Message.objects.using(using)
    pks = list(messages.filter(room=room_id).order_by("-created_at", "-id").values_list("pk", flat=True)[:SLICE])
    ReadMarker.objects.using(using).filter(message__in=pks).raw_delete_unnoted()
    messages.filter(reply_to__in=pks).update_unnoted(reply_to=None)
    messages.filter(pk__in=pks).raw_delete_unnoted()
    return len(pks)


STEPS: tuple[Callable[[str, str], int], ...] = (end_memberships, delete_reactions, delete_mentions, delete_messages)


def _delete(rows: Any) -> int:
    pks = list(rows.order_by().values_list("pk", flat=True)[:SLICE])
    rows.model.objects.using(rows.db).filter(pk__in=pks).raw_delete_unnoted()
    return len(pks)
