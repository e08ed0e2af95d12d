"""Places in a stream, and what lies between two of them. Plain values, shared by the write side and the delivery
side."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

PAGE_EVENTS = 500
MESSAGE_BYTES = 512 * 1024
"""No message to a client is longer. (daphne refuses to send more than 1 MiB.)"""
ENVELOPE_BYTES = 256
"""What a frame adds to its event's JSON, at the most: stream (89), type (64), offset (20), and what stands around
them."""
PAGE_BYTES = MESSAGE_BYTES - 1024
"""A page of events is bounded by both, envelopes included: so it fits a message, in a reply or as pushes."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a stream. On the wire the stream is called channel."""

    channel: str
    epoch: str
    offset: int

    def as_json(self) -> dict[str, Any]:
        return {"channel": self.channel, "epoch": self.epoch, "offset": self.offset}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as delivery needs it.

    `ends_access`: who must be asked again after it. `control`: how much of the control log must be applied before it is
    delivered. `payload`: its finished JSON.
    """

    offset: int
    ends_access: str
    type: str
    payload: str
    revocation_offset: int = 0


class Entries(list[Entry]):
    """A run of events that many clients are shown: what it was encoded to stays with it, and goes with it."""

    __slots__ = ("encoded",)

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        super().__init__(entries)
        self.encoded: dict[Any, Any] = {}

    def up_to(self, offset: int) -> Entries:
        """Those that are not above `offset`: nearly always all of them."""
        if not self or self[-1].offset <= offset:
            return self
        return Entries(entry for entry in self if entry.offset <= offset)

    def once(self, key: Any, encode: Callable[[Entries], Any]) -> Any:
        """What `encode` makes of them, made once."""
        if key not in self.encoded:
            self.encoded[key] = encode(self)
        return self.encoded[key]


@dataclass(frozen=True, slots=True)
class Page:
    """Events after a position, oldest first, with the stream's head when they were read."""

    head: Position
    entries: Entries = field(default_factory=Entries)

    def __post_init__(self) -> None:
        if not isinstance(self.entries, Entries):
            object.__setattr__(self, "entries", Entries(self.entries))
