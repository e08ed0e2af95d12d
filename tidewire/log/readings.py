"""The position of a stream together with some clocks, read at one moment: what a list or a page of the log shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet, Subquery

from tidewire.ground.positions import Position
from tidewire.log.database import log_alias
from tidewire.log.heads import position
from tidewire.log.tables import ErasureClock, Stream
from tidewire.queries.prepared_query import PreparedQuery
from tidewire.queries.shared_read import SharedRead


@dataclass(frozen=True, eq=False)
class Clock:
    """A counter that is raised by every change of some columns, which no stream tells of.

    columns: their names, such as "accounts.User.name". rows: returns the query of the row that holds the time, with it
    as the only value: `NamesClock.objects.values("time")`. Without a row the time is 0.
    """

    columns: frozenset[str]
    rows: Callable[[], QuerySet[Any, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """The position of a stream and the times of clocks, at one moment."""

    position: Position
    times: tuple[int, ...]

    def covers(self, other: Reading) -> bool:
        """Returns whether this is the other reading or a later one, of the same life of the stream."""
        mine, its = self.position, other.position
        is_same_life = (mine.channel, mine.epoch, mine.generation) == (its.channel, its.epoch, its.generation)
        is_later = all(time >= earlier for time, earlier in zip(self.times, other.times, strict=True))
        return is_same_life and mine.offset >= its.offset and is_later


class Readings:
    """Reads the position of a stream together with some clocks: in one query, where the log is in the database of the
    rows. Requests that ask for the same stream at the same time share it."""

    def __init__(self, clocks: tuple[Clock, ...]) -> None:
        self._clocks = clocks
        self._query = PreparedQuery(self._stream)
        self._shared = SharedRead[Reading]()

    def read(self, stream: str) -> Reading:
        """Returns them as they are now. A stream without events is created. Call it before the rows are read."""
        return self._shared.get(stream, log_alias(), lambda: self._read(stream))

    def known_to(self, using: str, stream: str) -> Reading | None:
        """Returns them as a database of this alias knows them, or None where it has no such stream."""
        found = self._query.first(using, stream)
        if found is None:
            return None
        times = tuple(getattr(found, f"time_{number}") or 0 for number in range(len(self._clocks)))
        return Reading(Position(found.name, found.epoch, found.head, found.generation), times)

    def _stream(self, name: str) -> QuerySet[Stream]:
        times = {f"time_{number}": Subquery(clock.rows()[:1]) for number, clock in enumerate(self._clocks)}
        return Stream.objects.filter(name=name).annotate(**times)

    def _read(self, stream: str) -> Reading:
        found = self.known_to(DEFAULT_DB_ALIAS, stream) if log_alias() == DEFAULT_DB_ALIAS else None
        return found or Reading(position(stream), tuple(_time(clock.rows().first()) for clock in self._clocks))


def _time(row: dict[str, int] | None) -> int:
    return next(iter(row.values())) if row else 0


ERASURES = Clock(frozenset(), lambda: ErasureClock.objects.values("time"))
"""Rises when the erasure of an account begins, and when it is done: nothing else rewrites events of a stream without
adding one to the stream."""
