"""Where a client stands in several streams, as one text: the `id` of an event, which comes back as Last-Event-ID.

`room:0197…=175.9f3c…,user:0197…=12.77ab…`: name, offset and epoch of each stream. The stream of the event comes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tidewire.ground import streams

Vector = Mapping[str, tuple[int, str]]
"""{stream: (offset, epoch)}"""

_PLACE = re.compile(r"([^=,]{1,89})=([0-9]{1,16})\.([A-Za-z0-9+-]{1,32})")


def parse(text: str) -> Vector | None:
    """Returns what a text says, or None for one that is no vector."""
    found: dict[str, tuple[int, str]] = {}
    for part in text.split(",") if text else ():
        match = _PLACE.fullmatch(part.strip())
        if match is None or streams.parse(match[1]) is None:
            return None
        found[streams.canonical(match[1])] = (int(match[2]), match[3])
    return found


def place(stream: str, offset: int, epoch: str) -> str:
    """Returns the part of one stream."""
    return f"{stream}={offset}.{epoch}"
