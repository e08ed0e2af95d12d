"""Erased means erased: what was deleted leaves the log too.

An erased event keeps its offset, its id and its time, so that the log stays gapless, and becomes the deletion event of
its object. A client that replays it removes an object that it never had, which is harmless.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from django.db.models import F, Value
from django.db.models.functions import Replace

from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.building import Encoded, to_json
from tidewire.log.tables import DelayedEvent, Event

BATCH = 500
"""How many events are rewritten at a time."""

Eraser = Callable[[list[RecordedEvent], str], None]
"""`(deletions, using)` erases an application's own copies of what these deletion events delete."""

_erasers: list[Eraser] = []


def on_erasure(eraser: Eraser) -> Eraser:
    """Has `eraser(deletions, using)` called with the deletion events of each transaction, inside it.

    For an application that keeps copies of what it shows. Can be used as a decorator.
    """
    _erasers.append(eraser)
    return eraser


def is_erasing(encoded: list[Encoded]) -> bool:
    """Returns whether `erase_deleted` will run statements once these events have their places."""
    return any(event.draft.type in registry.deletion_types for event in encoded)


def erase_deleted(recorded: list[RecordedEvent], using: str) -> None:
    """Turns the earlier events of everything deleted in this transaction into its deletion event."""
    deletions = [event for event in recorded if event.type in registry.deletion_types]
    for deletion in deletions:
        _erase_earlier(deletion, using)
    for erase in _erasers if deletions else ():
        erase(deletions, using)


def _erase_earlier(deletion: RecordedEvent, using: str) -> None:
    """Rewrites the earlier events of the object in this stream, or all events of the stream where it ended.

    In other streams the object has a deletion event of its own.
    """
    earlier = Event.objects.using(using).filter(stream__name=deletion.stream, offset__lt=deletion.offset)
    if deletion.type not in registry.stream_deletion_types:
        earlier = earlier.filter(object=deletion.object)
    data = json.loads(deletion.payload)["data"]
    rows = earlier.exclude(type=deletion.type).order_by("offset").only("payload")
    while batch := list(rows[:BATCH]):
        for row in batch:
            row.type = deletion.type
            row.payload = to_json(json.loads(row.payload) | {"type": deletion.type, "data": data}, deletion.type)
        Event.objects.using(using).bulk_update(batch, ["type", "payload"], batch_size=100)


def forget_actor(user_id: str, using: str) -> int:
    """Takes a deleted account's key out of all events that it was the actor of. Returns how many there were."""
    DelayedEvent.objects.using(using).filter(actor=user_id).update(actor="")
    payload = F("payload")
    for type in ("user", "service"):
        known, unknown = (f'"actor":{to_json(Actor(type, id), type)}' for id in (user_id, None))
        payload = Replace(payload, Value(known), Value(unknown))
    return Event.objects.using(using).filter(actor=user_id).update(actor="", payload=payload)
