"""The contents of messages on the channel layer, as types, and their way into a signed message and out of it.

What arrives is untrusted until its signature was checked, and may still come from another release: the decoder checks
the shape of every value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from tidewire.ground.positions import PAGE_EVENTS, Entry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.layer import signatures
from tidewire.layer.signatures import Message
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

PresenceChange = JoinPush | LeavePush
"""A join or a leave, which goes to clients as a push."""

INLINE_BYTES = 32 * 1024
"""Above this size a message carries the positions only and hubs read the events from the log: Redis disconnects
subscribers that fall behind by megabytes."""


class Events(Struct, frozen=True, array_like=True):
    """Events of one stream in the order of their offsets. An entry with the payload "" must be read from the log."""

    type: ClassVar = "tidewire.events"
    stream: str
    epoch: str
    entries: list[Entry]

    @classmethod
    def of(cls, stream: str, epoch: str, events: list[RecordedEvent]) -> Events:
        """Returns these events, without their payloads where they are too large together, and only the last of very
        many: hubs read the others from the log."""
        if len(events) > PAGE_EVENTS:
            return cls(stream, epoch, [Entry(events[-1].offset, "", events[-1].type, "", 0)])
        is_small = sum(len(event.payload) for event in events) <= INLINE_BYTES
        entries = [
            Entry(
                e.offset,
                e.ends_access,
                e.type,
                e.payload if is_small else "",
                e.revocation_offset,
                e.committed_at,
                e.trace,
            )
            for e in events
        ]
        return cls(stream, epoch, entries)


class Ephemeral(Struct, frozen=True, array_like=True):
    """One ephemeral message of a client. `data` is its finished JSON, `info` names the client."""

    type: ClassVar = "tidewire.ephemeral"
    stream: str
    data: str
    info: ClientInfo


class PresenceChanges(Struct, frozen=True, array_like=True):
    """Joins and leaves of one stream, in the order in which they happened in the sending process."""

    type: ClassVar = "tidewire.presence"
    stream: str
    rows: list[tuple[Literal["join", "leave"], ClientInfo]]

    @classmethod
    def of(cls, stream: str, changes: Iterable[PresenceChange]) -> PresenceChanges:
        return cls(stream, [("join" if isinstance(c, JoinPush) else "leave", c.info) for c in changes])

    @property
    def changes(self) -> list[PresenceChange]:
        return [JoinPush(info) if kind == "join" else LeavePush(info) for kind, info in self.rows]


class Commands(Struct, frozen=True, array_like=True):
    """A message of a client, from the process that it was sent to, to the process that has the client's connection.

    `stream` names that process. `key` names the connection; only its client knows it.
    """

    type: ClassVar = "tidewire.commands"
    stream: str
    key: str
    data: bytes


class Heartbeat(Struct, frozen=True, array_like=True):
    """Shows a process that its own messages come back."""

    type: ClassVar = "tidewire.heartbeat"


Content = Events | Ephemeral | PresenceChanges | Commands | Heartbeat
_CONTENTS: tuple[type[Content], ...] = (Events, Ephemeral, PresenceChanges, Commands, Heartbeat)
_DECODERS = {content.type: msgspec.msgpack.Decoder(content) for content in _CONTENTS}
_encode = msgspec.msgpack.Encoder().encode


def message(content: Content) -> Message:
    """Returns the signed message with this content."""
    return signatures.sign(content.type, _encode(content))


def parse(received: object) -> Content | None:
    """Returns the content of a message. Returns None for types and versions that this release does not know.

    Raises RefusedMessageError for one that was not signed by a process of ours, and for one whose shape is wrong.
    """
    signed = signatures.verify(received)
    decoder = _DECODERS.get(signed[0]) if signed is not None else None
    if signed is None or decoder is None:
        return None
    try:
        return decoder.decode(signed[1])
    except msgspec.MsgspecError:
        raise signatures.RefusedMessageError("malformed") from None
