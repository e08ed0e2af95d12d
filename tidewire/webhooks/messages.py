"""What is sent: bodies, ids and signatures, as Standard Webhooks (standardwebhooks.com) describes them.

A body is an event with its stream, epoch and offset. A batch has them once, and its events with their offsets. Bodies
are made of the JSON text in the log, which is not parsed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from standardwebhooks import Webhook

from tidewire.webhooks.tables import RESET

PING = "webhook.ping"
BATCH = "events"

_NAMES = UUID("0b9d6d3c-6f2f-5d0c-9a3f-0c8c1d1f6d5e")
"""The name space of ids that are made of a place in a stream."""


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event as the log holds it, with its place."""

    id: UUID
    offset: int
    type: str
    at: datetime
    payload: str


def single_id(event: LoggedEvent) -> str:
    """Returns the webhook-id of a message with one event: the event's own id."""
    return str(event.id)


def batch_id(stream: str, epoch: str, first: int, last: int) -> str:
    return str(uuid5(_NAMES, f"{stream} {epoch} {first} {last}"))


def reset_id(stream: str, old: tuple[str, int], new: tuple[str, int]) -> str:
    return str(uuid5(_NAMES, f"{stream} {old[0]} {old[1]} to {new[0]} {new[1]}"))


def single(stream: str, epoch: str, event: LoggedEvent) -> str:
    """Returns the body of a message with one event: `{"stream", "epoch", "offset", "timestamp", "type", "id", …}`."""
    place = f'{{"stream":{json.dumps(stream)},"epoch":{json.dumps(epoch)},"offset":{event.offset}'
    return f'{place},"timestamp":"{_text(event.at)}",{event.payload[1:]}'


def batch(stream: str, epoch: str, events: Sequence[LoggedEvent]) -> str:
    """Returns the body of a message with several events of one stream, in their order."""
    items = ",".join(f'{{"offset":{event.offset},{event.payload[1:]}' for event in events)
    place = f'"stream":{json.dumps(stream)},"epoch":{json.dumps(epoch)},"offset":{events[-1].offset}'
    return f'{{"type":"{BATCH}","timestamp":"{_text(events[-1].at)}",{place},"events":[{items}]}}'


def reset(stream: str, epoch: str, offset: int, at: datetime) -> str:
    """Returns the body that says that events before `offset` cannot be delivered: read the state anew."""
    body = {"type": RESET, "timestamp": _text(at), "stream": stream, "epoch": epoch, "offset": offset}
    return json.dumps(body, separators=(",", ":"))


def ping(endpoint: UUID, at: datetime) -> str:
    body = {"type": PING, "timestamp": _text(at), "data": {"webhook": str(endpoint)}}
    return json.dumps(body, separators=(",", ":"))


def signed_headers(message_id: str, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Returns the headers of an attempt, with a signature by each of the secrets."""
    signatures = [Webhook(secret).sign(message_id, now, body) for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
