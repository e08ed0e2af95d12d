"""The ephemeral messages of clients: which are accepted, and their finished JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor
from tidewire.ground.credentials import Identity
from tidewire.protocol import strict_json
from tidewire.protocol.codes import Code, ErrorCode
from tidewire.protocol.events import EphemeralMessage

MAX_BYTES = 4096
BURST, PER_SECOND = 5, 1.0
"""Ephemeral messages of one connection: at once, and in the long run."""


class RefusedPublishError(Exception):
    """A client may not publish this. `code` is the error that it gets."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.reason)
        self.code = code


def encode(stream: str, data: bytes, identity: Identity) -> str:
    """Returns the JSON of an ephemeral message as all readers of the stream get it. Raises RefusedPublishError.

    `data` is the JSON that the client sent, {"type": …, "data": …}: its type is one that the kind of stream allows. The
    access to the stream and the rate are for the caller to check.
    """
    if not identity.may_publish:
        raise RefusedPublishError(ErrorCode.PERMISSION_DENIED)
    kind = registry.kind_of(stream)
    if kind is None or not kind.ephemeral:
        raise RefusedPublishError(ErrorCode.NOT_AVAILABLE)
    try:
        message = strict_json.decode(data, MAX_BYTES)
    except strict_json.JSONError:
        raise RefusedPublishError(ErrorCode.BAD_REQUEST) from None
    if not isinstance(message, dict) or not message.keys() <= {"type", "data"}:
        raise RefusedPublishError(ErrorCode.BAD_REQUEST)
    if not isinstance(message.get("type"), str) or message["type"] not in kind.ephemeral:
        raise RefusedPublishError(ErrorCode.BAD_REQUEST)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    event = EphemeralMessage(message["type"], now, Actor("user", identity.user_id), message.get("data"))
    return msgspec.json.encode(event).decode()
