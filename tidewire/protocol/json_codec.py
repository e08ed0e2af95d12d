"""JSON on the wire: text messages, objects separated by newlines, `data` embedded as it stands in the log."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Raw, Struct

from tidewire.ground.positions import Entry
from tidewire.protocol import strict_json
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code
from tidewire.protocol.requests import UINT32, BadCommand, BadFrame, Command


class _OnlyId(Struct):
    id: int = 0


class JsonCodec:
    is_text = True
    _commands = msgspec.json.Decoder(Command)
    _only_id = msgspec.json.Decoder(_OnlyId)
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

    def push(self, channel: str, kind: str, content: dict[str, Any]) -> bytes:
        return self._encode({"push": {"channel": channel, kind: content}})

    def publication(self, channel: str, entry: Entry) -> bytes:
        return b'{"push":{"channel":%b,"pub":%b}}' % (self._encode(channel), self._publication(entry))

    def publications(self, entries: Iterable[Entry]) -> Raw:
        return Raw(b"[%b]" % b",".join(map(self._publication, entries)))

    def ping(self) -> bytes:
        return b"{}"

    def join(self, frames: list[bytes]) -> bytes:
        return b"\n".join(frames)

    def _publication(self, entry: Entry) -> bytes:
        tags = self._encode({"type": entry.type})
        return b'{"offset":%d,"data":%b,"tags":%b}' % (entry.offset, entry.payload.encode(), tags)

    def _command(self, line: str) -> Command | BadCommand:
        try:
            strict_json.check_depth(line)
            command = self._commands.decode(line)
        except msgspec.ValidationError:
            return BadCommand(self._id_of(line))
        except (msgspec.DecodeError, strict_json.JSONError, UnicodeError, RecursionError) as error:
            raise BadFrame(str(error)) from None
        return command if command.is_in_range else BadCommand(self._id_of(line))

    def _id_of(self, line: str) -> int:
        """The id of a command whose shape is wrong. Raises BadFrame where there is none to answer to."""
        try:
            id = self._only_id.decode(line).id
        except msgspec.MsgspecError:
            id = 0
        if not 0 < id <= UINT32:
            raise BadFrame("a command of the wrong shape, without an id")
        return id


JSON: Codec = JsonCodec()
