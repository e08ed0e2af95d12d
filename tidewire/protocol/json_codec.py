"""JSON on the wire: text messages of objects separated by newlines; `data` is embedded as it stands in the log."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Raw, Struct

from tidewire.ground.positions import Entry
from tidewire.protocol import strict_json
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code
from tidewire.protocol.pushes import Publication, PublicationTags, Push
from tidewire.protocol.requests import UINT32, BadCommand, BadFrame, Command
from tidewire.protocol.results import Error, Result


class _OnlyId(Struct):
    id: int = 0


class _PublicationPush(Struct, gc=False):
    """As `push` writes it. A type of its own costs two thirds of a dictionary's time, and this is the hot path."""

    channel: str
    pub: Publication


class _Frame(Struct, gc=False):
    push: _PublicationPush


class JsonCodec:
    """See Codec."""

    is_text = True
    _commands = msgspec.json.Decoder(Command)
    _only_id = msgspec.json.Decoder(_OnlyId)
    _parts = msgspec.json.Decoder(dict[str, Raw])
    _encode = msgspec.json.Encoder().encode

    def decode(self, message: str | bytes) -> Iterable[Command | BadCommand]:
        if isinstance(message, bytes):
            raise BadFrame("a binary message on a JSON connection")
        lines = [line for line in message.split("\n") if line.strip()]
        if not lines:
            raise BadFrame("an empty message")
        return [self._command(line) for line in lines]

    def reply(self, id: int, result: Result) -> bytes:
        return self._encode({"id": id, result.method: result})

    def error(self, id: int, code: Code) -> bytes:
        return self._encode({"id": id, "error": Error(code.code, code.reason, code.temporary)})

    def push(self, channel: str, push: Push) -> bytes:
        return self._encode({"push": {"channel": channel, push.kind: push} if channel else {push.kind: push}})

    def publication(self, channel: str, entry: Entry) -> bytes:
        return self._encode(_Frame(_PublicationPush(channel, self._publication(entry))))

    def publications(self, entries: Iterable[Entry]) -> Raw:
        return Raw(self._encode([self._publication(entry) for entry in entries]))

    def ping(self) -> bytes:
        return b"{}"

    def join(self, frames: list[bytes]) -> bytes:
        return b"\n".join(frames)

    def _publication(self, entry: Entry) -> Publication:
        return Publication(entry.offset, Raw(entry.payload), PublicationTags(entry.type))

    def _command(self, line: str) -> Command | BadCommand:
        try:
            strict_json.check_depth(line)
            command = self._commands.decode(line)
        except msgspec.ValidationError:
            return self._command_without_nulls(line) or BadCommand(self._id_of(line))
        except (msgspec.DecodeError, strict_json.JSONError, UnicodeError, RecursionError) as error:
            raise BadFrame(str(error)) from None
        return command if command.is_in_range else BadCommand(self._id_of(line))

    def _command_without_nulls(self, line: str) -> Command | None:
        """Returns the command with absent fields in place of null ones, as the protocol's reference reads them. None
        when it has the wrong shape even so. `data` may be null: it is a value of the application."""
        try:
            parts = _without_nulls(self._parts.decode(line))
            for method, part in parts.items():
                if bytes(part)[:1] == b"{":
                    fields = _without_nulls(self._parts.decode(part))
                    if fields.get("since") is not None and bytes(fields["since"])[:1] == b"{":
                        fields["since"] = Raw(self._encode(_without_nulls(self._parts.decode(fields["since"]))))
                    parts[method] = Raw(self._encode(fields))
            command = self._commands.decode(self._encode(parts))
        except msgspec.MsgspecError:
            return None
        return command if command.is_in_range else None

    def _id_of(self, line: str) -> int:
        """Returns the id of a command whose shape is wrong. Raises BadFrame when it has none."""
        try:
            id = self._only_id.decode(line).id
        except msgspec.MsgspecError:
            id = 0
        if not 0 < id <= UINT32:
            raise BadFrame("a command of the wrong shape, without an id")
        return id


def _without_nulls(fields: dict[str, Raw]) -> dict[str, Raw]:
    return {name: value for name, value in fields.items() if name == "data" or bytes(value) != b"null"}


JSON: Codec = JsonCodec()
