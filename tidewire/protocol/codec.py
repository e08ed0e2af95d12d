"""What an encoding of the wire does: it decodes a client's message into commands, and encodes replies and pushes.

The hub encodes each event once for each encoding, however many connections use it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from tidewire.ground.positions import MESSAGE_BYTES, Entries, Entry
from tidewire.protocol.codes import Code
from tidewire.protocol.requests import BadCommand, Command


class Codec(Protocol):
    """One encoding of the wire."""

    is_text: bool

    def decode(self, message: str | bytes) -> Iterable[Command | BadCommand]:
        """The commands of one message. Raises BadFrame."""

    def reply(self, id: int, method: str, result: dict[str, Any]) -> bytes: ...

    def error(self, id: int, code: Code) -> bytes: ...

    def push(self, channel: str, kind: str, content: dict[str, Any]) -> bytes:
        """`kind` is join, leave or unsubscribe, or pub for what has no offset."""

    def publication(self, channel: str, entry: Entry) -> bytes:
        """An event of the log as a push."""

    def publications(self, entries: Iterable[Entry]) -> Any:
        """Events of the log as the results of subscribe and history hold them."""

    def ping(self) -> bytes: ...

    def join(self, frames: list[bytes]) -> bytes:
        """Several frames as one message."""


def joined(codec: Codec, frames: list[bytes], max_bytes: int = MESSAGE_BYTES) -> list[bytes]:
    """Frames as messages of at most `max_bytes` (a single frame may be longer). A fan-out hands the same frames to one
    socket after the other, so the last answer is remembered, and all of them get the same messages."""
    global _joined
    *asked, messages = _joined
    if asked != [codec, max_bytes, frames]:
        messages = [codec.join(batch) for batch in _batches(frames, max_bytes)]
        _joined = codec, max_bytes, frames, messages
    return messages


_joined: tuple[Codec | None, int, list[bytes], list[bytes]] = (None, 0, [], [])


def _batches(frames: list[bytes], max_bytes: int) -> Iterable[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for frame in frames:
        if batch and size + len(frame) > max_bytes:
            yield batch
            batch, size = [], 0
        batch.append(frame)
        size += len(frame) + 1
    if batch:
        yield batch


def subscribe_result(
    codec: Codec,
    *,
    epoch: str,
    offset: int,
    was_recovering: bool = False,
    is_recovered: bool = False,
    entries: Iterable[Entry] = (),
) -> dict[str, Any]:
    """The `subscribe` part of a reply. Zero values are left out, as the protocol's own server does."""
    entries = entries if isinstance(entries, Entries) else Entries(entries)
    result: dict[str, Any] = {"recoverable": True, "positioned": True, "epoch": epoch}
    if offset:
        result["offset"] = offset
    if entries:
        result["publications"] = entries.once(codec, codec.publications)
    if is_recovered:
        result["recovered"] = True
    if was_recovering:
        result["was_recovering"] = True
    return result


def history_result(codec: Codec, epoch: str, offset: int, entries: Iterable[Entry]) -> dict[str, Any]:
    """The `history` part of a reply: events, and where the stream stands."""
    return {"publications": codec.publications(entries), "epoch": epoch, "offset": offset}
