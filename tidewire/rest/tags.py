"""The ETag of a list: the position of its stream, where that stream has an event of every change that it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet, Subquery
from django.utils.http import parse_etags
from rest_framework.request import Request

from tidewire.ground.positions import Position
from tidewire.log.database import log_alias
from tidewire.log.heads import position
from tidewire.log.tables import Stream
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

    def _stream(self, name: str) -> QuerySet[Stream]:
        times = {f"time_{number}": Subquery(clock.rows()[:1]) for number, clock in enumerate(self._clocks)}
        return Stream.objects.filter(name=name).annotate(**times)

    def _read(self, stream: str) -> Reading:
        found = self._query.first(DEFAULT_DB_ALIAS, stream) if log_alias() == DEFAULT_DB_ALIAS else None
        if found is None:
            return Reading(position(stream), tuple(_time(clock.rows().first()) for clock in self._clocks))
        times = tuple(getattr(found, f"time_{number}") or 0 for number in range(len(self._clocks)))
        return Reading(Position(found.name, found.epoch, found.head, found.generation), times)


def _time(row: dict[str, int] | None) -> int:
    return next(iter(row.values())) if row else 0


def tag_of(request: Request, digest: str, reading: Reading) -> str:
    """Returns the ETag of a list. It is weak, because the rows are read after the position and may be newer.

    `digest` stands for the schema of the rows. The address is a part of the tag: the links of a page are absolute.
    """
    parts = (
        digest,
        reading.position.channel,
        reading.position.epoch,
        reading.position.offset,
        list(reading.times),
        request.build_absolute_uri(request.path),
        sorted(request.query_params.lists()),
    )
    return f'W/"{hashlib.blake2b(repr(parts).encode(), digest_size=15).hexdigest()}"'


def is_known(request: Request, tag: str) -> bool:
    """Returns whether If-None-Match has the tag, compared weakly."""
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    known: Any = parse_etags(header)
    return known == ["*"] or tag in known or tag.removeprefix("W/") in known


def digest_of(serializer: Any) -> str:
    """Returns a text that changes with the fields of a serializer class and of those inside it."""
    return hashlib.blake2b(repr(serializer()).encode(), digest_size=8).hexdigest()
