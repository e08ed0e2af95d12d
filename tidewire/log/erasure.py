"""Erased means erased: what was deleted leaves the log too.

An erased event keeps its offset, its id and its time, so that the log stays gapless, and becomes the deletion event of
its object. A client that replays it removes what it never saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from django.db.models import F, Value
from django.db.models.functions import Replace

from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor
from tidewire.log.tables import DelayedEvent, Event

if TYPE_CHECKING:
    from tidewire.ground.recorded import Recorded
    from tidewire.log.building import Encoded

BATCH = 500

Forget = Callable[[list["Recorded"], str], None]
_also: list[Forget] = []


def also(forget: Forget) -> Forget:
    """Has `forget(deletions, using)` called with the deletion events of each transaction, inside it: for an application
    that keeps copies of what it shows."""
    _also.append(forget)
    return forget


def follows(encoded: list[Encoded]) -> bool:
    """Whether `erase_deleted` will have something to do once these events have their places."""
    return any(event.draft.type in registry.deletion_types for event in encoded)


def erase_deleted(recorded: list[Recorded], using: str) -> None:
    """Turns the earlier events of everything deleted in this transaction into its deletion event."""
    deletions = [event for event in recorded if event.type in registry.deletion_types]
    for event in deletions:
        _erase(event, using)
    for forget in _also if deletions else ():
        forget(deletions, using)


def _erase(deletion: Recorded, using: str) -> None:
    """Earlier events of the object, in this stream (in others it has a deletion event of its own); or all events of the
    stream, where it ended."""
    earlier = Event.objects.using(using).filter(stream__name=deletion.stream, offset__lt=deletion.offset)
    if deletion.type not in registry.ending_types:
        earlier = earlier.filter(object=deletion.object)
    state = json.loads(deletion.payload)
    rows = earlier.exclude(type=deletion.type).order_by("offset").only("payload")
    while batch := list(rows[:BATCH]):
        for row in batch:
            row.type = deletion.type
            row.payload = _dump(json.loads(row.payload) | {"type": deletion.type, "data": state["data"]})
        Event.objects.using(using).bulk_update(batch, ["type", "payload"], batch_size=100)


def forget_actor(user_id: str, using: str) -> int:
    """Takes a deleted account's key out of all events it was the actor of. Returns how many there were."""
    DelayedEvent.objects.using(using).filter(actor=user_id).update(actor="")
    payload = F("payload")
    for type in ("user", "service"):
        known, unknown = (f'"actor":{_dump(Actor(type, id).as_json())}' for id in (user_id, None))
        payload = Replace(payload, Value(known), Value(unknown))
    return Event.objects.using(using).filter(actor=user_id).update(actor="", payload=payload)


def _dump(value: object) -> str:
    """As `events.encode` writes it: compact, not escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
