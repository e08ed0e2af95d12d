"""What an encoding does: it encodes events, and where clients send commands, it reads these and encodes the replies.

The hub encodes each event once for each encoding, however many connections use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from msgspec import UNSET

from tidewire.ground.positions import MESSAGE_BYTES, Entries, Entry
from tidewire.protocol.codes import Code
from tidewire.protocol.pushes import Push
from tidewire.protocol.requests import BadCommand, Command
from tidewire.protocol.results import HistoryResult, Result, SubscribeResult


class EventCodec(Protocol):
    """How events reach a client. What it encodes are frames; `join` makes a message of several."""

    is_text: bool

    def push(self, channel: str, push: Push) -> bytes:
        """Encodes a push of what has no place in the stream. `channel` is "" for what concerns the whole connection."""
        ...

    def publication(self, channel: str, entry: Entry) -> bytes:
        """Encodes an event of the log as a push."""
        ...

    def publications(self, entries: Iterable[Entry]) -> Any:
        """Encodes events of the log as the field `publications` of a result, to be used in any number of results."""
        ...

    def ping(self) -> bytes:
        """Encodes a ping."""
        ...

    def join(self, frames: list[bytes]) -> bytes:
        """Returns several frames as one message."""
        ...


class Codec(EventCodec, Protocol):
    """One encoding of the protocol: events, and beside them commands and their replies."""

    def decode(self, message: str | bytes) -> Iterable[Command | BadCommand]:
        """Returns the commands of one message. Raises BadFrame."""
        ...

    def reply(self, id: int, result: Result) -> bytes:
        """Encodes the reply to the command `id`."""
        ...

    def error(self, id: int, code: Code) -> bytes:
        """Encodes the refusal of the command `id`."""
        ...


def subscribe_result(
    codec: EventCodec,
    *,
    epoch: str,
    offset: int,
    was_recovering: bool = False,
    is_recovered: bool = False,
    entries: Iterable[Entry] = (),
) -> SubscribeResult:
    """Returns the reply to a subscribe. Entries that many clients share are encoded once for each codec."""
    entries = entries if isinstance(entries, Entries) else Entries(entries)
    return SubscribeResult(
        recoverable=True,
        positioned=True,
        epoch=epoch,
        offset=offset,
        publications=entries.once(codec, codec.publications) if entries else UNSET,
        recovered=is_recovered,
        was_recovering=was_recovering,
    )


def history_result(codec: EventCodec, epoch: str, offset: int, entries: Iterable[Entry]) -> HistoryResult:
    """Returns the reply to a history: events, and where the stream stands."""
    return HistoryResult(codec.publications(entries), epoch, offset)


def joined(codec: EventCodec, frames: list[bytes], max_bytes: int = MESSAGE_BYTES) -> list[bytes]:
    """Joins frames to messages of at most `max_bytes`; a frame that is longer is a message of its own.

    A fan-out passes the same frames for one socket after the other. The last result is kept, so that all sockets get
    the same messages and a WebSocket frame is built once, too.
    """
    global _joined
    *asked, messages = _joined
    if asked != [codec, max_bytes, frames]:
        messages = [codec.join(batch) for batch in _batches(frames, max_bytes)]
        _joined = codec, max_bytes, frames, messages
    return messages


_joined: tuple[EventCodec | None, int, list[bytes], list[bytes]] = (None, 0, [], [])


def _batches(frames: list[bytes], max_bytes: int) -> Iterator[list[bytes]]:
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
