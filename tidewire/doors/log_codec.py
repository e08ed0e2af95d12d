"""Events as Durable Streams writes them: codecs of the hub, so that each event is encoded once for all its readers.

What the hub calls a channel holds what else the frames of a stream depend on: its lifetime, and the cursor below which
the client's must not fall. Nearly all readers of a stream share it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from tidewire.doors.log_offsets import Lifetime, interval
from tidewire.ground.positions import Entry
from tidewire.protocol.pushes import DisconnectPush, Push, UnsubscribePush

CAUGHT_UP = b',"upToDate":true}\n\n'
BEHIND = b"}\n\n"

POLL_CHANNEL = "poll"
"""Long polls are sent bare events, which depend on nothing else."""


def channel(lifetime: Lifetime, least_interval: int = 0) -> str:
    return f"{lifetime.generation} {lifetime.epoch} {least_interval}"


def event(name: str, content: Any) -> bytes:
    """Returns a server-sent event whose data is JSON: it holds no newline."""
    return f"event: {name}\ndata:{msgspec.json.encode(content).decode()}\n\n".encode()


class SentEventCodec:
    """What the codecs of server-sent events have in common; see protocol/codec.py."""

    is_text = False

    def push(self, channel: str, push: Push) -> bytes:
        """Encodes the end of a stream for this client, or of the response. Ephemeral messages, joins and leaves have no
        place in a log: nothing is sent of them."""
        if isinstance(push, UnsubscribePush | DisconnectPush):
            return event(push.kind, {"code": push.code, "reason": push.reason})
        return b""

    def publication(self, channel: str, entry: Entry) -> bytes:
        raise NotImplementedError

    def publications(self, entries: Iterable[Entry]) -> Any:
        raise NotImplementedError("there are no replies here")

    def ping(self) -> bytes:
        """Encodes a comment, which keeps the connection alive on its way through proxies."""
        return b":\n\n"

    def join(self, frames: list[bytes]) -> bytes:
        return b"".join(frames)


class LogEventCodec(SentEventCodec):
    """`live=sse`: an event `data` with an array of events, and after each an event `control` with the next offset."""

    def publication(self, channel: str, entry: Entry) -> bytes:
        return self.batch(channel, [entry.payload], entry.offset)

    def batch(self, channel: str, payloads: list[str], offset: int, *, is_caught_up: bool = True) -> bytes:
        """Encodes some events, which may be none, and the control event after them."""
        generation, epoch, least_interval = channel.split(" ")
        next_offset = Lifetime(int(generation), epoch).offset(offset)
        data = f"event: data\ndata:[{','.join(payloads)}]\n\n" if payloads else ""
        rest = f'{{"streamNextOffset":"{next_offset}","streamCursor":"{max(interval(), int(least_interval))}"'
        tail = CAUGHT_UP if is_caught_up else BEHIND
        return f"{data}event: control\ndata:{rest}".encode() + tail


class LogJsonCodec(SentEventCodec):
    """`live=long-poll`: the JSON of events."""

    def publication(self, channel: str, entry: Entry) -> bytes:
        return entry.payload.encode()

    def push(self, channel: str, push: Push) -> bytes:
        return b""


LOG_EVENTS = LogEventCodec()
LOG_JSON = LogJsonCodec()
