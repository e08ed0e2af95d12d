"""Frames of the Centrifuge client protocol: typed commands in, finished bytes out.

A codec is the seam between encodings. It decodes a client's message into commands and encodes each reply and push; the
hub asks it once per event, however many connections use it. References: `client.proto` of centrifugal/protocol, and the
frames that the public SDKs send.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from msgspec import UNSET, Raw, Struct, UnsetType

from tidewire.ground.positions import MESSAGE_BYTES, Entries, Entry
from tidewire.protocol.codes import Code

UINT32 = 2**32 - 1
UINT64 = 2**64 - 1


class BadFrame(Exception):
    """A client's message that cannot be read as commands."""


class BadCommand(Exception):
    """A command that has an id but not the right shape: it gets an error, the connection lives on."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


class ConnectRequest(Struct):
    token: str = ""
    name: str = ""
    version: str = ""


class SubscribeRequest(Struct):
    channel: str
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    flag: int = 0
    join_leave: bool = False

    @property
    def is_rejecting_unrecoverable(self) -> bool:
        """Flag bit 2: answer error 112 rather than `recovered: false`."""
        return bool(self.flag & 2)


class ChannelRequest(Struct):
    """What unsubscribe, presence and presence_stats ask for."""

    channel: str


class RefreshRequest(Struct):
    token: str = ""


class PublishRequest(Struct):
    """`data` is a JSON text in both encodings."""

    channel: str
    data: Raw = Raw(b"null")


class StreamPosition(Struct):
    offset: int = 0
    epoch: str = ""


class HistoryRequest(Struct):
    """`limit` 0 asks for the position only; no `since` starts at the oldest event, or at the newest in reverse."""

    channel: str
    limit: int = 0
    since: StreamPosition | UnsetType = UNSET
    reverse: bool = False


class RpcRequest(Struct):
    method: str = ""
    data: Raw = Raw(b"null")


class Anything(Struct):
    """A request of which nothing is read."""


class Command(Struct):
    """One command: an id, and the one method that is set. None of them set is a pong."""

    id: int = 0
    connect: ConnectRequest | UnsetType = UNSET
    subscribe: SubscribeRequest | UnsetType = UNSET
    unsubscribe: ChannelRequest | UnsetType = UNSET
    refresh: RefreshRequest | UnsetType = UNSET
    publish: PublishRequest | UnsetType = UNSET
    presence: ChannelRequest | UnsetType = UNSET
    presence_stats: ChannelRequest | UnsetType = UNSET
    history: HistoryRequest | UnsetType = UNSET
    rpc: RpcRequest | UnsetType = UNSET
    sub_refresh: Anything | UnsetType = UNSET
    send: Anything | UnsetType = UNSET
    ping: Anything | UnsetType = UNSET

    @property
    def methods(self) -> list[str]:
        return [name for name in METHODS if getattr(self, name) is not UNSET]

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and not self.methods

    @property
    def is_in_range(self) -> bool:
        """The numbers fit the protocol's types, and at most one method is named."""
        numbers = [(self.id, UINT32)]
        if self.subscribe is not UNSET:
            numbers += [(self.subscribe.offset, UINT64), (self.subscribe.flag, UINT32)]
        if self.history is not UNSET:
            numbers += [(self.history.limit, UINT32)]
            numbers += [(self.history.since.offset, UINT64)] if self.history.since is not UNSET else []
        return all(0 <= number <= most for number, most in numbers) and len(self.methods) <= 1


METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")


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
