"""What a process knows of one of its connections: plain values, for the delivery side that sees it and the logbook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

MAX_DEVICE = 200
MAX_STREAMS = 640
"""Streams of one state: the open ones, and the last that ended."""


@dataclass(frozen=True, slots=True)
class StreamSeen:
    """One subscription of a connection. Times are seconds since 1970.

    - `start` is the offset after which the client was to be sent events, `offset` the last one that was enqueued.
    - `ended_at` and `code` are None while it lasts. A subscription that its client ended has the code 0.
    - `is_open` is False while events are held back: access is being checked, or a replay is under way.
    """

    stream: str
    since: float
    start: int
    offset: int
    is_open: bool = True
    ended_at: float | None = None
    code: int | None = None

    def as_row(self) -> list[Any]:
        """Returns its JSON, short because there may be hundreds."""
        return [self.stream, self.since, self.start, self.offset, int(self.is_open), self.ended_at, self.code]

    @classmethod
    def of_row(cls, row: list[Any]) -> StreamSeen:
        stream, since, start, offset, is_open, ended_at, code = row
        return cls(stream, since, start, offset, bool(is_open), ended_at, code)


@dataclass(frozen=True, slots=True)
class ConnectionState:
    """One connection at one time. `code` is that of its end: None while it lasts, and 0 where none was given."""

    id: str
    user_id: str
    session_id: str
    address: str
    device: str
    door: str
    opened_at: float
    unread: int = 0
    streams: tuple[StreamSeen, ...] = ()
    ended_at: float | None = None
    code: int | None = None

    def ended(self, at: float, code: int) -> ConnectionState:
        """Returns the state at the end of the connection, with which its subscriptions end."""
        streams = tuple(each if each.ended_at else replace(each, is_open=False, ended_at=at) for each in self.streams)
        return replace(self, ended_at=at, code=code, streams=streams)


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One server process at one time: how many connections it has, whether the channel layer is away, and how many
    seconds ago it last polled the log."""

    id: str
    host: str
    pid: int
    started_at: float
    connections: int = 0
    is_deaf: bool = False
    poll_age: float = 0.0
    ended_at: float | None = None
    dropped: int = field(default=0)


def device_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Returns the User-Agent of a request, as far as it is printable, or ""."""
    return printable(next((value.decode("latin-1") for name, value in headers if name == b"user-agent"), ""))


def printable(text: str) -> str:
    """Returns the start of a text of the client, without what is not printable."""
    return "".join(character for character in text[:MAX_DEVICE] if character.isprintable())
