"""A forger on the channel layer: it can publish on Redis, and does not know the secret.

Each function returns messages that no hub may believe. Tests and the soak send them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from tidewire.ground.positions import Entry
from tidewire.layer.messages import Ephemeral, Events, PresenceChanges
from tidewire.protocol.pushes import ClientInfo, JoinPush

MARK = "forged by a stranger on the layer"
"""Stands in the data of every forged event: what a client was sent can be searched for it."""

STRANGER = ClientInfo(MARK, MARK)


def forged_event(offset: int, ends_access: str = "", revocation_offset: int = 0) -> Entry:
    payload = json.dumps({"type": "message.created", "id": MARK, "at": MARK, "actor": {}, "data": {"text": MARK}})
    return Entry(offset, ends_access, "message.created", payload, revocation_offset)


def contents(stream: str, epoch: str, offset: int) -> list[Events | Ephemeral | PresenceChanges]:
    """Returns what a forger would like to say of a stream whose next event has this offset."""
    return [
        Events(stream, epoch, [forged_event(offset)]),
        Events(stream, epoch, [forged_event(offset, ends_access="*")]),
        Events(stream, epoch, [forged_event(offset + number) for number in range(5)]),
        Events(stream, epoch, [Entry(offset + 1_000_000, "", "message.created", "")]),
        Ephemeral(stream, json.dumps({"type": "typing", "data": MARK}), STRANGER),
        PresenceChanges.of(stream, [JoinPush(STRANGER)]),
    ]


def forgeries(stream: str, epoch: str, offset: int) -> Iterator[dict[str, Any]]:
    """Yields messages with these contents: in the form before signatures, without one, under a guessed key, and with
    a time in which no process sent it."""
    for content in contents(stream, epoch, offset):
        body = msgspec.msgpack.encode(content)
        envelope = {"type": content.type, "v": 2, "at": time.time(), "body": body}
        yield from (envelope, envelope | {"mac": b""}, envelope | {"mac": None}, envelope | {"mac": bytes(16)})
        yield envelope | {"mac": blake2b(body, digest_size=16, key=b"secret").digest()}
        yield envelope | {"mac": blake2b(body, digest_size=16).digest()}
        yield envelope | {"v": 1, "mac": bytes(16)}
    row = [offset, "", "message.created", forged_event(offset).payload, 0]
    yield {"type": "tidewire.events", "v": 1, "stream": stream, "epoch": epoch, "events": [row]}
    info = {"user": MARK, "client": MARK}
    ephemeral = {"data": json.dumps({"type": "typing", "data": MARK}), "info": info}
    yield {"type": "tidewire.ephemeral", "v": 1, "stream": stream, "kind": "pub", "content": ephemeral}
    yield {"type": "tidewire.presence", "v": 1, "stream": stream, "changes": [["join", info]]}


def altered(genuine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields a message that one of our processes has signed, with one thing changed in each."""
    yield genuine | {"body": genuine["body"] + b"\x00"}
    yield genuine | {"body": genuine["body"].replace(b"room", b"rooM")}
    yield genuine | {"at": genuine["at"] + 1.0}
    yield genuine | {"type": "tidewire.ephemeral"}
    yield genuine | {"mac": bytes(reversed(genuine["mac"]))}
