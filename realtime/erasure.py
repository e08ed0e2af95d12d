"""Erased means erased: what was deleted leaves the log too.

An erased event keeps its offset, its id and its time, so that the log stays gapless, and becomes the deletion event of
its object. A client that replays it removes what it never saw.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.db.models import F, Value
from django.db.models.functions import Replace

from realtime.actors import Actor
from realtime.live import registry
from realtime.models import Event

if TYPE_CHECKING:
    from realtime.event_log import Recorded


def erase_deleted(recorded: list[Recorded], using: str) -> None:
    """Turns the earlier events of everything deleted in this transaction into its deletion event."""
    for event in recorded:
        if event.type in registry.deletion_types:
            _erase(event, using)


def _erase(deletion: Recorded, using: str) -> None:
    """Only events of the same stream: a row may be part of several, and each has a deletion event of its own."""
    earlier = Event.objects.using(using).filter(object=deletion.object, stream__name=deletion.stream)
    rows = list(earlier.filter(offset__lt=deletion.offset).only("payload"))
    state = json.loads(deletion.payload)
    for row in rows:
        kept = json.loads(row.payload)
        row.type = deletion.type
        row.payload = _dump(kept | {"type": deletion.type, "data": state["data"]})
    Event.objects.using(using).bulk_update(rows, ["type", "payload"], batch_size=200)


def forget_actor(user_id: str, using: str) -> int:
    """Takes a deleted account's key out of all events it was the actor of. Returns how many there were."""
    known, unknown = (f'"actor":{_dump(Actor("user", id).as_json())}' for id in (user_id, None))
    events = Event.objects.using(using).filter(actor=user_id)
    return events.update(actor="", payload=Replace(F("payload"), Value(known), Value(unknown)))


def _dump(value: object) -> str:
    """As `events.encode` writes it: compact, not escaped."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
