"""Offsets of Durable Streams, which sort as text, and cursors.

An offset is the generation of the stream and the offset in it, each with leading zeros, and the epoch behind them:
`0000000001_0000000000000175_9f3c…`. Generations sort, where epochs do not. The epoch is compared all the same: after a
restore of an older backup a generation may come for the second time.
"""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass

from tidewire.ground.positions import Position

START, NOW = "-1", "now"
"""Stand for the first event that is still kept, and for the end of the stream."""

_OFFSET = re.compile(r"([0-9]{10})_([0-9]{16})_([A-Za-z0-9+-]{1,32})")
_INTERVAL = re.compile(r"[0-9]{1,15}")

INTERVAL_SECONDS = 20
INTERVALS_BEGIN_AT = 1728432000
"""2024-10-09, as the protocol has it."""
MAX_JITTER = 180
"""Intervals: an hour."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """One lifetime of a stream: offsets in it can be compared."""

    generation: int
    epoch: str

    def offset(self, number: int) -> str:
        """Returns the text of an offset."""
        return f"{self.generation:010d}_{number:016d}_{self.epoch}"


def lifetime_of(head: Position) -> Lifetime:
    return Lifetime(head.generation, head.epoch)


def parse(text: str) -> tuple[Lifetime, int] | None:
    """Returns what an offset says, or None for a text that is none."""
    match = _OFFSET.fullmatch(text)
    return (Lifetime(int(match[1]), match[3]), int(match[2])) if match else None


def interval() -> int:
    """Returns the number of the present interval: a proxy that shares live answers asks again in the next one."""
    return int(time.time() - INTERVALS_BEGIN_AT) // INTERVAL_SECONDS


def interval_after(text: str | None) -> int:
    """Returns the cursor for a client that has sent this one: never the same again, and never an earlier one."""
    now = interval()
    sent = int(text) if text and _INTERVAL.fullmatch(text) else -1
    return now if sent < now else sent + random.randint(1, MAX_JITTER)
