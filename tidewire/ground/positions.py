"""Places in a stream, and the events between two of them: plain values for the write side and the delivery side."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")

PAGE_EVENTS = 500
"""The most events that one page of a recovery or of the history holds."""
MESSAGE_BYTES = 512 * 1024
"""The longest message to a client. (daphne refuses to send more than 1 MiB.)"""
ENVELOPE_BYTES = 256
"""The most that a frame adds to its event's JSON: stream (89), type (64), offset (20), and the names around them."""
PAGE_BYTES = MESSAGE_BYTES - 1024
"""A page of events has at most PAGE_EVENTS and PAGE_BYTES, envelopes included, so it fits a message, as a reply or as
pushes. Only a single event that is larger exceeds it."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream, which is called channel on the wire.

    `generation` is known where the position was read from the log. No position is compared by it.
    """

    channel: str
    epoch: str
    offset: int
    generation: int = field(default=1, compare=False)

    def as_json(self) -> dict[str, Any]:
        return {"channel": self.channel, "epoch": self.epoch, "offset": self.offset}


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """An event, as the delivery side needs it, and as the channel layer carries it.

    - `ends_access` is the id of the user whose access must be checked again after it, "*" for all users, "" for none.
    - `payload` is its finished JSON.
    - `revocation_offset` is how much of the revocation log must be applied before the event is delivered.
    - `committed_at` is the Unix time of its COMMIT; 0 where it was read from the log, which does not know it.
    - `trace` is the context of its trace, see ground/tracing.py; no client gets it.
    """

    offset: int
    ends_access: str
    type: str
    payload: str
    revocation_offset: int = 0
    committed_at: float = 0.0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Bulk:
    """The events of one transaction in one stream, from the offset `first` to `last`.

    - `ends_access` names the users whose access must be checked again after it or after an event before it that was
      not delivered either; "*" for all.
    - `revocation_offset` is how much of the revocation log must be applied before anything after it is delivered.
    """

    first: int
    last: int
    ends_access: frozenset[str] = frozenset()
    revocation_offset: int = 0


class Entries(list[Entry]):
    """A run of events for many clients. It keeps what it was encoded to, for as long as it lives itself."""

    __slots__ = ("encoded",)

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        super().__init__(entries)
        self.encoded: dict[Hashable, Any] = {}

    def up_to(self, offset: int) -> Entries:
        """Returns the entries with at most this offset: nearly always itself."""
        if not self or self[-1].offset <= offset:
            return self
        return Entries(entry for entry in self if entry.offset <= offset)

    def once(self, key: Hashable, encode: Callable[[Entries], T]) -> T:
        """Returns `encode(self)`, which is called once for each key."""
        if key not in self.encoded:
            self.encoded[key] = encode(self)
        return self.encoded[key]


@dataclass(frozen=True, slots=True)
class Page:
    """Events after a position, oldest first, with the stream's head at the time when they were read."""

    head: Position
    entries: Entries = field(default_factory=Entries)
