"""What a write recorded: compared with the tables of the event log, and with the rows themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rest_framework.utils.encoders import JSONEncoder

from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.tables import Event, Stream
from tidewire.transactions.commit import recorded_events

Row = tuple[str, str, str, int | None]
"""An event in short: (stream, type, key of its row, version of its row). A deletion has no version."""


@contextmanager
def logged() -> Iterator[list[Row]]:
    """Collects the events that the block records, in the order of recording. The list is filled at its end.

    Also asserts that the log holds these new events and no others, that no stream has a hole, and that the last event
    of each row shows the row as it is.
    """
    before = set(Event.objects.values_list("pk", flat=True))
    rows: list[Row] = []
    with recorded_events() as recorded:
        yield rows
    rows += [row_of(event) for event in recorded]
    check_stored(recorded, before)
    check_gapless()
    check_last_states(recorded)


def row_of(event: RecordedEvent) -> Row:
    payload = json.loads(event.payload)
    assert (payload["id"], payload["type"]) == (str(event.id), event.type)
    return event.stream, event.type, event.object.partition(":")[2], payload["data"].get("version")


def check_stored(recorded: list[RecordedEvent], before: set[Any]) -> None:
    """Asserts that these events were added to the log, at their places, and no others."""
    stored = {e.pk: e for e in Event.objects.select_related("stream") if e.pk not in before}
    assert {e.id: (e.stream, e.epoch, e.offset) for e in recorded} == {
        pk: (e.stream.name, e.stream.epoch, e.offset) for pk, e in stored.items()
    }


def check_gapless() -> None:
    """Asserts that the offsets of each stream are 1, 2, 3, … up to its head."""
    for stream in Stream.objects.prefetch_related("events"):
        assert [event.offset for event in stream.events.all()] == list(range(1, stream.head + 1)), stream


def check_last_states(recorded: list[RecordedEvent]) -> None:
    """Asserts that the last event of a row in its stream, unless it is a deletion, shows the row as it is now."""
    last = {(event.stream, event.object): event for event in recorded}
    for event in last.values():
        live = declared(event)
        if event.type != live.deleted:
            assert json.loads(event.payload)["data"] == shown(live, event.object.partition(":")[2])


def declared(event: RecordedEvent) -> Live:
    """Returns the declaration that this event comes from."""
    key = (event.object.partition(":")[0], event.stream.partition(":")[0])
    (live,) = [live for live in registry.lives if (live.model._meta.label_lower, live.stream.kind.name) == key]
    return live


def shown(live: Live, key: Any) -> Any:
    """Returns a row as it is now, through JSON."""
    (row,) = live.rows([key], "default")
    return json.loads(json.dumps(live.serializer(row).data, cls=JSONEncoder))
