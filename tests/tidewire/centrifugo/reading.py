"""What the relay's tests do: subscriptions as a node has asked for them, and the rows that its nodes read."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from tests.tidewire.centrifugo.broker_schema import ask
from tidewire.centrifugo import broker_tables
from tidewire.centrifugo.relay import Relay
from tidewire.centrifugo.settling import SETTLE_SECONDS
from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.ground.positions import Position
from tidewire.log import heads
from tidewire.log.tables import Event


class Row(NamedTuple):
    """A row that nodes send."""

    epoch: str
    offset: int
    kind: int
    data: str
    tags: dict[str, str] | None
    client: str | None
    user: str | None


def subscribe(user: Any, stream: str, client: str = "c1", session: str = "s1", since: int = 0) -> None:
    """A node was allowed this subscription some time ago, and knows the stream up to `since`."""
    asked_at = timezone.now() - timedelta(seconds=2 * SETTLE_SECONDS)
    EdgeSubscription.objects.create(client=client, stream=stream, user=str(user.pk), session=session, asked_at=asked_at)
    broker_tables.begin(Position(stream, heads.position(stream).epoch, since), "default")


def rows(stream: str) -> list[Row]:
    """Returns the rows of a stream, in the order in which nodes send them."""
    found = ask(
        "SELECT epoch, channel_offset, kind, convert_from(data, 'UTF8'), tags::text, client_id, user_id "
        "FROM cf_binary_stream WHERE channel = %s ORDER BY id",
        stream,
    )
    return [
        Row(epoch, offset, kind, data, json.loads(tags) if tags else None, client, user)
        for epoch, offset, kind, data, tags, client, user in found
    ]


def recovered(stream: str, since: int) -> list[int] | None:
    """Returns the offsets that a node sends to a client that comes back with this one, or None where it refuses: by
    Centrifugo's own rule, which looks at the first and the last row only."""
    ((epoch, top),) = ask("SELECT epoch, top_offset FROM cf_binary_stream_meta WHERE channel = %s", stream)
    found = [row.offset for row in rows(stream) if row.kind == 0 and row.epoch == epoch and since < row.offset <= top]
    if not found:
        return [] if top == since else None
    return found if found[0] == since + 1 and found[-1] == top else None


def position(stream: str) -> tuple[str, int]:
    """Returns the epoch and the offset that nodes have for a stream."""
    ((epoch, offset),) = ask("SELECT epoch, top_offset FROM cf_binary_stream_meta WHERE channel = %s", stream)
    return epoch, offset


def logged(stream: str) -> list[Row]:
    """Returns the rows that the log has for a stream."""
    epoch = heads.position(stream).epoch
    events = Event.objects.filter(stream__name=stream).order_by("offset")
    return [Row(epoch, each.offset, 0, each.payload, {"type": each.type}, None, None) for each in events]


def copy(relay: Relay) -> int:
    """Lets the relay work until nothing is new. Returns how many events it has copied."""
    copied = 0
    while done := relay.turn():
        copied += done
    return copied
