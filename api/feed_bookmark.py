"""Where a program stands in all streams that it may read, as one text. The program keeps it, the server does not.

It is not signed: a forged bookmark only moves its own program, because each page asks anew what may be read.
"""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from api.readable_streams import place_of

MAX_STREAMS = 10_000
MAX_CHARACTERS = 768 * 1024
"""Of a bookmark with MAX_STREAMS, at about 50 characters each."""
_MAX_JSON = 2 * 1024 * 1024


@dataclass
class Bookmark:
    """- `places` are {stream: (offset, epoch)}, of each stream that the program knows.
    - `after` is the last stream that was looked at in this round, or "" between two rounds.
    - `is_behind` says that a stream had more events than this round could take."""

    places: dict[str, tuple[int, str]] = field(default_factory=dict)
    after: str = ""
    is_behind: bool = False

    def encode(self) -> str:
        content = [self.after, self.is_behind, self.places]
        packed = zlib.compress(json.dumps(content, separators=(",", ":")).encode())
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(text: str) -> Bookmark | None:
    """Returns what a text says, or None for one that `encode` has not returned. The empty text is a new bookmark."""
    if not text:
        return Bookmark()
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        content = _inflated(packed)
        after, is_behind, places = json.loads(content)
        found = {name: _place(name, value) for name, value in places.items()}
        is_known = after == "" or place_of(after) is not None
        is_ours = isinstance(is_behind, bool) and is_known and len(found) <= MAX_STREAMS
        return Bookmark(found, after, is_behind) if is_ours else None
    except (ValueError, TypeError, AttributeError, RecursionError, zlib.error):
        return None


def _inflated(packed: bytes) -> bytes:
    """Raises ValueError above _MAX_JSON: a short text may stand for a very long one."""
    inflating = zlib.decompressobj()
    content = inflating.decompress(packed, _MAX_JSON)
    if not inflating.eof or inflating.unused_data:
        raise ValueError("not whole, too long, or with something behind it")
    return content


def _place(name: str, value: Any) -> tuple[int, str]:
    offset, epoch = value
    is_place = type(offset) is int and 0 <= offset < 2**53 and isinstance(epoch, str) and len(epoch) <= 32
    if not is_place or place_of(name) is None:
        raise ValueError(name)
    return offset, epoch
