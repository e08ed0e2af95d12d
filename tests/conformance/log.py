"""Publications in the engine's own log: any bytes, and the client that published them.

`payload` is the data as it came, or `~` and its base64 when it is not JSON. `type` names the publisher.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import msgspec
from django.db import transaction

from tidewire import SYSTEM
from tidewire.declare.registry import registry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ids import uuid7
from tidewire.layer import publishing
from tidewire.log import event_log
from tidewire.log.building import Draft, Encoded
from tidewire.log.database import log_alias
from tidewire.models import Event

BINARY = "~"


def publish(stream: str, data: bytes, publisher_info: str = "") -> RecordedEvent:
    """Stores a publication, deletes those beyond the history's size, and hands it to the hub."""
    draft = Draft(stream, publisher_info or "-", object="", data=None, actor=SYSTEM)
    encoded = Encoded(draft, uuid7(), datetime.now(UTC), payload_of(data))
    using = log_alias()
    with transaction.atomic(using=using):
        (recorded,) = event_log.append([encoded], using)
        kept = registry.kind_of(stream).retention.events
        old = Event.objects.using(using).filter(stream__name=stream, offset__lte=recorded.offset - kept)
        old._raw_delete(using)
    publishing.publish([recorded])
    return recorded


def payload_of(data: bytes) -> str:
    try:
        msgspec.json.decode(data)
        return data.decode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        return BINARY + base64.b64encode(data).decode()


def bytes_of(payload: str) -> bytes:
    return base64.b64decode(payload[1:]) if payload.startswith(BINARY) else payload.encode()


def json_of(payload: str) -> bytes:
    """Returns the data as JSON: binary data as its base64."""
    return msgspec.json.encode(payload[1:]) if payload.startswith(BINARY) else payload.encode()


def info_of(type: str) -> dict[str, str] | None:
    """Returns {"user", "client"} of the publisher; None for the server's API."""
    client, space, user = type.partition(" ")
    return {"user": user, "client": client} if space else None
