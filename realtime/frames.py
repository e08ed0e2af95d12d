"""Frames of the Centrifuge client protocol: typed commands in, finished bytes out.

A codec is the seam between encodings. It decodes a client's message into commands and encodes each reply and push; the
hub asks it once per event, however many connections use it. References: `client.proto` of centrifugal/protocol, and the
frames that the public SDKs send.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from realtime import strict_json
from realtime.codes import Code
from realtime.positions import Entry

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

    @property
    def is_rejecting_unrecoverable(self) -> bool:
        """Flag bit 2: answer error 112 rather than `recovered: false`."""
        return bool(self.flag & 2)


class ChannelRequest(Struct):
    """What unsubscribe, presence and presence_stats ask for; publish and history add to it."""

    channel: str


class RefreshRequest(Struct):
    token: str = ""


class Command(Struct):
    """One command: an id, and the one method that is set. None of them set is a pong."""

    id: int = 0
    connect: ConnectRequest | UnsetType = UNSET
    subscribe: SubscribeRequest | UnsetType = UNSET
    unsubscribe: ChannelRequest | UnsetType = UNSET
    refresh: RefreshRequest | UnsetType = UNSET
    publish: Raw | UnsetType = UNSET
    presence: Raw | UnsetType = UNSET
    presence_stats: Raw | UnsetType = UNSET
    history: Raw | UnsetType = UNSET
    rpc: Raw | UnsetType = UNSET
    sub_refresh: Raw | UnsetType = UNSET
    send: Raw | UnsetType = UNSET
    ping: Raw | UnsetType = UNSET

    @property
    def methods(self) -> list[str]:
        return [name for name in METHODS if getattr(self, name) is not UNSET]

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and not self.methods


METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")


class Codec(Protocol):
    """One encoding of the wire."""

    is_text: bool

    def decode(self, message: str | bytes) -> Iterable[Command | BadCommand]:
        """The commands of one message. Raises BadFrame."""

    def reply(self, id: int, method: str, result: dict[str, Any]) -> bytes: ...

    def error(self, id: int, code: Code) -> bytes: ...

    def publication(self, channel: str, entry: Entry) -> bytes: ...

    def publications(self, entries: Iterable[Entry]) -> Any:
        """Entries as a subscribe result holds them."""

    def unsubscribe(self, channel: str, code: Code) -> bytes: ...

    def ping(self) -> bytes: ...

    def join(self, frames: list[bytes]) -> bytes:
        """Several frames as one message."""


class _JsonCodec:
    """JSON: text messages, objects separated by newlines, `data` embedded as it stands in the log."""

    is_text = True
    _commands = msgspec.json.Decoder(Command)
    _encode = staticmethod(msgspec.json.encode)

    def decode(self, message: str | bytes) -> Iterable[Command | BadCommand]:
        lines = [line for line in message.split("\n") if line.strip()]
        if not lines:
            raise BadFrame("an empty message")
        return [self._command(line) for line in lines]

    def reply(self, id: int, method: str, result: dict[str, Any]) -> bytes:
        return self._encode({"id": id, method: result})

    def error(self, id: int, code: Code) -> bytes:
        error: dict[str, Any] = {"code": code.code, "message": code.reason}
        if code.temporary:
            error["temporary"] = True
        return self._encode({"id": id, "error": error})

    def publication(self, channel: str, entry: Entry) -> bytes:
        return b'{"push":{"channel":%b,"pub":%b}}' % (self._encode(channel), self._publication(entry))

    def publications(self, entries: Iterable[Entry]) -> list[Raw]:
        return [Raw(self._publication(entry)) for entry in entries]

    def unsubscribe(self, channel: str, code: Code) -> bytes:
        push = {"channel": channel, "unsubscribe": {"code": code.code, "reason": code.reason}}
        return self._encode({"push": push})

    def ping(self) -> bytes:
        return b"{}"

    def join(self, frames: list[bytes]) -> bytes:
        return b"\n".join(frames)

    def _publication(self, entry: Entry) -> bytes:
        return b'{"offset":%d,"data":%b,"tags":{"type":%b}}' % (
            entry.offset,
            entry.payload.encode(),
            self._encode(entry.type),
        )

    def _command(self, line: str) -> Command | BadCommand:
        try:
            strict_json.check_depth(line)
            command = self._commands.decode(line)
        except msgspec.ValidationError:
            return BadCommand(_id_of(line))
        except (msgspec.DecodeError, strict_json.JSONError, UnicodeError, RecursionError) as error:
            raise BadFrame(str(error)) from None
        if not _is_in_range(command):
            return BadCommand(_id_of(line))
        return command


class _OnlyId(Struct):
    id: int = 0


def _id_of(line: str) -> int:
    """The id of a command whose shape is wrong. Raises BadFrame where there is none to answer to."""
    try:
        id = msgspec.json.decode(line, type=_OnlyId).id
    except msgspec.MsgspecError:
        id = 0
    if not 0 < id <= UINT32:
        raise BadFrame("a command of the wrong shape, without an id")
    return id


def _is_in_range(command: Command) -> bool:
    """The numbers fit the protocol's types, and at most one method is named."""
    request = command.subscribe
    is_good = request is UNSET or (0 <= request.offset <= UINT64 and 0 <= request.flag <= UINT32)
    return is_good and 0 <= command.id <= UINT32 and len(command.methods) <= 1


JSON: Codec = _JsonCodec()


def joined(codec: Codec, frames: Iterable[bytes], max_bytes: int) -> Iterable[bytes]:
    """Frames as messages of at most `max_bytes` (a single frame may be longer)."""
    batch: list[bytes] = []
    size = 0
    for frame in frames:
        if batch and size + len(frame) > max_bytes:
            yield codec.join(batch)
            batch, size = [], 0
        batch.append(frame)
        size += len(frame) + 1
    if batch:
        yield codec.join(batch)


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
    entries = list(itertools.chain(entries))
    result: dict[str, Any] = {"recoverable": True, "positioned": True, "epoch": epoch}
    if offset:
        result["offset"] = offset
    if entries:
        result["publications"] = codec.publications(entries)
    if is_recovered:
        result["recovered"] = True
    if was_recovering:
        result["was_recovering"] = True
    return result
