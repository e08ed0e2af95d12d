"""Records the changes of a test without committing, and reads their events from the log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from tidewire.capture.raw_writes import warnings_of_raw_writes
from tidewire.ground.ids import uuid7
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.layer import publishing
from tidewire.log.tables import Event
from tidewire.transactions.commit import record_noted

SHOWN = 20
"""So many events an AssertionError shows."""

Expected = str | tuple[str, Mapping[str, Any]]
"""An event type; or an event type with members of `data`. Members that are left out may have any value."""


def record_now(using: str = DEFAULT_DB_ALIAS) -> list[RecordedEvent]:
    """Records the changes noted so far inside the open transaction, as COMMIT would, and returns their events.

    Sockets of this process get the events, too. Raises what COMMIT would raise: the error of a serializer.
    """
    recorded = record_noted(connections[using])
    if publishing.is_attached():
        publishing.publish(recorded)
    return recorded


def record_everywhere() -> None:
    """Does what `record_now` does, in every database that the test has used."""
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            record_now(connection.alias)


@dataclass(frozen=True)
class LoggedEvent:
    """An event of the log. `actor` is `{"type": …, "id": …}`."""

    stream: str
    offset: int
    type: str
    data: Any
    actor: dict[str, Any]

    def is_like(self, expected: Expected) -> bool:
        """Returns whether this is the expected type, and whether `data` has the expected members."""
        if isinstance(expected, str):
            return self.type == expected
        type, members = expected
        return self.type == type and all(name in self.data and self.data[name] == members[name] for name in members)


def events_of(stream: str) -> list[LoggedEvent]:
    """Returns all events of a stream, after recording what was noted so far."""
    record_everywhere()
    return _logged(stream__name=stream)


class EventLog:
    """The log as one test sees it: `new_events` and `assert_events` begin where the last call of either ended.

    Until `finish`, SQL that changes a live model's table without the ORM gives an UnnoticedWriteWarning.
    """

    def __init__(self) -> None:
        self._seen = uuid7()  # ids of events sort by the moment at which they were made
        self._warnings = ExitStack()
        self._warnings.enter_context(warnings_of_raw_writes())

    def new_events(self, stream: str | None = None) -> list[LoggedEvent]:
        """Records what was noted so far, and returns the events since the last call, in the order of their recording.

        With `stream` only those of this stream; events of other streams count as seen, too.
        """
        record_everywhere()
        since, self._seen = self._seen, uuid7()
        return [event for event in _logged(pk__gt=since) if stream in (None, event.stream)]

    def assert_events(self, expected: Sequence[Expected], stream: str | None = None) -> list[LoggedEvent]:
        """Compares the events since the last call with what is expected: these, in this order, and no others.

            assert_events(["parcel.taken", ("parcel.moved", {"latitude": 1.0})])

        Returns the events. Raises AssertionError, which shows both.
        """
        events = self.new_events(stream)
        is_same = len(events) == len(expected) and all(map(LoggedEvent.is_like, events, expected))
        if not is_same:
            shown = _lines([f"{event.stream} {event.offset}: {event.type} {event.data}" for event in events])
            wanted = _lines([each if isinstance(each, str) else f"{each[0]} {each[1]}" for each in expected])
            raise AssertionError(f"these events were recorded:\n{shown}\nand these expected:\n{wanted}")
        return events

    def finish(self) -> None:
        """Records what is left at the end of a test, so that a serializer that raises fails the test."""
        self._warnings.close()
        record_everywhere()


def _lines(texts: list[str]) -> str:
    """Returns the first of these texts, one a line, and says how many there are more."""
    more = [f"… and {len(texts) - SHOWN} more"] if len(texts) > SHOWN else []
    return "\n".join(f"  {text}" for text in [*texts[:SHOWN], *more] or ["none"])


def _logged(**conditions: Any) -> list[LoggedEvent]:
    rows = Event.objects.filter(**conditions).order_by("pk")
    found: list[LoggedEvent] = []
    for stream, offset, payload in rows.values_list("stream__name", "offset", "payload"):
        event = json.loads(payload)
        found.append(LoggedEvent(stream, offset, event["type"], event["data"], event["actor"]))
    return found
