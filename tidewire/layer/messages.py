"""The messages of the channel layer: each kind with its builder and, below it, the parser of the same kind.

A message is a dictionary of plain values, because channel layers pack it with msgpack. `type` says which kind it is and
`v` is the version of the form. What arrives is untrusted: it may come from another release or from another program, so
the parsers convert every value and raise KeyError, TypeError or ValueError where the shape is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict

from tidewire.ground.positions import Entry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

Message = dict[str, Any]
PresenceChange = JoinPush | LeavePush
"""A join or a leave, which goes to clients as a push."""

VERSION = 1
EVENTS_TYPE = "tidewire.events"
EPHEMERAL_TYPE = "tidewire.ephemeral"
PRESENCE_TYPE = "tidewire.presence"
HEARTBEAT_TYPE = "tidewire.heartbeat"

INLINE_BYTES = 32 * 1024
"""Above this size a message carries the positions only and hubs read the events from the log: Redis disconnects
subscribers that fall behind by megabytes."""


@dataclass(frozen=True, slots=True)
class Events:
    """Events of one stream in the order of their offsets. An entry with the payload "" must be read from the log."""

    stream: str
    epoch: str
    entries: list[Entry]


def events_message(stream: str, epoch: str, events: list[RecordedEvent]) -> Message:
    is_small = sum(len(event.payload) for event in events) <= INLINE_BYTES
    rows = [[e.offset, e.ends_access, e.type, e.payload if is_small else "", e.revocation_offset] for e in events]
    return {"type": EVENTS_TYPE, "v": VERSION, "stream": stream, "epoch": epoch, "events": rows}


def _events(message: Message) -> Events:
    return Events(str(message["stream"]), str(message["epoch"]), [_entry(*row) for row in message["events"]])


def _entry(offset: Any, ends_access: Any, type: Any, payload: Any, revocation_offset: Any) -> Entry:
    return Entry(int(offset), str(ends_access), str(type), str(payload), int(revocation_offset))


@dataclass(frozen=True, slots=True)
class Ephemeral:
    """One ephemeral message of a client. `data` is its finished JSON, `info` names the client."""

    stream: str
    data: str
    info: ClientInfo


def ephemeral_message(stream: str, data: str, info: ClientInfo) -> Message:
    content = {"data": data, "info": asdict(info)}
    return {"type": EPHEMERAL_TYPE, "v": VERSION, "stream": stream, "kind": "pub", "content": content}


def _ephemeral(message: Message) -> Ephemeral:
    if message["kind"] != "pub":
        raise ValueError("an ephemeral message of an unknown kind")
    content = message["content"]
    return Ephemeral(str(message["stream"]), str(content["data"]), _info(content["info"]))


@dataclass(frozen=True, slots=True)
class PresenceChanges:
    """Joins and leaves of one stream, in the order in which they happened in the sending process."""

    stream: str
    changes: list[PresenceChange]


def presence_message(stream: str, changes: Iterable[PresenceChange]) -> Message:
    rows = [[change.kind, asdict(change.info)] for change in changes]
    return {"type": PRESENCE_TYPE, "v": VERSION, "stream": stream, "changes": rows}


def _presence_changes(message: Message) -> PresenceChanges:
    changes = [_CHANGES[kind](_info(info)) for kind, info in message["changes"]]
    return PresenceChanges(str(message["stream"]), changes)


_CHANGES: dict[str, type[PresenceChange]] = {"join": JoinPush, "leave": LeavePush}


def _info(info: Any) -> ClientInfo:
    return ClientInfo(str(info["user"]), str(info["client"]))


def heartbeat_message() -> Message:
    return {"type": HEARTBEAT_TYPE}


Received = Events | Ephemeral | PresenceChanges
_PARSERS = {EVENTS_TYPE: _events, EPHEMERAL_TYPE: _ephemeral, PRESENCE_TYPE: _presence_changes}


def parse(message: object) -> Received | None:
    """Reads a message of the layer. Returns None for heartbeats and for types and versions that this release does not
    know. Raises KeyError, TypeError or ValueError for one whose shape is wrong."""
    if not isinstance(message, dict) or message.get("v") != VERSION:
        return None
    parser = _PARSERS.get(str(message.get("type")))
    return None if parser is None else parser(message)
