"""Protobuf on the wire: binary messages of frames, each after its length as a varint; `data` is JSON text, as bytes.

The SDKs for Swift, Java/Kotlin, Dart and C# speak nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, cast, get_args, get_type_hints

from google.protobuf.message import DecodeError, Message
from msgspec import Raw, Struct

from tidewire.ground.positions import Entry
from tidewire.protocol import wire_pb2
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code
from tidewire.protocol.pushes import Push
from tidewire.protocol.requests import BadCommand, BadFrame, Command, request_types
from tidewire.protocol.results import Result


class ProtobufCodec:
    """See Codec. `wire` has the generated messages; `command_type` is the type that commands are decoded to."""

    is_text = False
    wire: Any = wire_pb2
    command_type: type[Command] = Command

    def decode(self, message: str | bytes) -> Iterable[Command | BadCommand]:
        if isinstance(message, str):
            raise BadFrame("a text message on a Protobuf connection")
        commands = [self._command(frame) for frame in _split(message)]
        if not commands:
            raise BadFrame("an empty message")
        return commands

    def reply(self, id: int, result: Result) -> bytes:
        reply = self.wire.Reply(id=id)
        _fill(_part(reply, result.method), result)
        return _delimited(reply)

    def error(self, id: int, code: Code) -> bytes:
        error = self.wire.Error(code=code.code, message=code.reason, temporary=code.temporary)
        return _delimited(self.wire.Reply(id=id, error=error))

    def push(self, channel: str, push: Push) -> bytes:
        reply = self.wire.Reply()
        reply.push.channel = channel
        _fill(_part(reply.push, push.kind), push)
        return _delimited(reply)

    def publication(self, channel: str, entry: Entry) -> bytes:
        push = self.wire.Push(channel=channel, pub=self._publication(entry))
        return _delimited(self.wire.Reply(push=push))

    def publications(self, entries: Iterable[Entry]) -> list[Message]:
        return [self._publication(entry) for entry in entries]

    def ping(self) -> bytes:
        return b"\0"  # an empty reply

    def join(self, frames: list[bytes]) -> bytes:
        return b"".join(frames)

    def _publication(self, entry: Entry) -> Message:
        return self.wire.Publication(offset=entry.offset, data=entry.payload.encode(), tags={"type": entry.type})

    def _command(self, frame: bytes) -> Command | BadCommand:
        try:
            message = self.wire.Command.FromString(frame)
        except DecodeError:
            raise BadFrame("not a protobuf command") from None
        command = self.command_type(message.id)
        for method, type in request_types(self.command_type).items():
            if message.HasField(method):
                setattr(command, method, _struct(type, getattr(message, method)))
        if command.is_in_range:
            return command
        if not command.id:
            raise BadFrame("a command of the wrong shape, without an id")
        return BadCommand(command.id)


# -- in ------------------------------------------------------------------------------------------------------------


def _split(message: bytes) -> Iterator[bytes]:
    """Yields the frames of one message. Raises BadFrame."""
    at = 0
    while at < len(message):
        length, at = _varint(message, at)
        if length > len(message) - at:
            raise BadFrame("a frame longer than its message")
        yield message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Returns a length and where it ends: seven bits a byte, lowest first, at most five bytes. Raises BadFrame."""
    value = 0
    for shift in range(0, 35, 7):
        if at >= len(message):
            break
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise BadFrame("a length that does not end")


def _struct(type: type[Struct], message: Message) -> Struct:
    """Returns the request that a message holds."""
    values: dict[str, Any] = {}
    for name, part in _fields(type):
        value = getattr(message, name)
        if value == b"":
            continue  # as an absent field
        if part is None:
            values[name] = Raw(value) if isinstance(value, bytes) else value
        elif message.HasField(name):
            values[name] = _struct(part, value)
    return type(**values)


@cache
def _fields(type: type[Struct]) -> tuple[tuple[str, type[Struct] | None], ...]:
    """Returns (name, struct that lies there or None) of each field."""
    hints = get_type_hints(type)
    return tuple((name, next(iter(get_args(hints[name])), None)) for name in type.__struct_fields__)


# -- out -----------------------------------------------------------------------------------------------------------


def _part(message: Message, name: str) -> Message:
    """Returns the message that lies in the field `name`, marked as set even if it stays empty."""
    part: Message = getattr(message, name)
    part.SetInParent()
    return part


def _fill(message: Message, content: Struct) -> None:
    """Sets a message's fields from the struct with the same names. What is unset, empty or zero is not encoded."""
    for name in content.__struct_fields__:
        value = getattr(content, name)
        if not value:
            continue
        if isinstance(value, (str, int)):
            setattr(message, name, value)
        elif isinstance(value, Struct):
            _fill(_part(message, name), value)
        elif isinstance(value, Raw):
            setattr(message, name, bytes(value))
        elif isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            parts = getattr(message, name)
            for key, part in cast("dict[str, Struct]", value).items():
                _fill(parts[key], part)


def _delimited(reply: Message) -> bytes:
    body = reply.SerializeToString()
    length, head = len(body), bytearray()
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


PROTOBUF: Codec = ProtobufCodec()
