"""Where a user may read a stream without a connection that the logbook knows: nodes of Centrifugo, a broker of MQTT."""

from __future__ import annotations

from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.diagnosis.why_lines import Line, time_text
from tidewire.log.tables import Stream
from tidewire.mqtt.tables import MqttPosition

BEST_FIRST = ("at_node",)
MOST = 20
"""Clients at nodes that are named."""


def lines(user_id: str, stream: Stream, using: str) -> list[Line]:
    """Returns the clients of the user that have asked for the stream at nodes, the last one first."""
    rows = EdgeSubscription.objects.using(using).filter(stream=stream.name, user=user_id).order_by("-asked_at")[:MOST]
    return [
        Line(
            "at_node", f"client {row.client} at a node of Centrifugo: it asked for the stream {time_text(row.asked_at)}"
        )
        for row in rows
    ]


def facts(stream: Stream, offset: int, using: str) -> list[str]:
    """Returns what the broker of MQTT has confirmed of the stream. It does not say which devices took it."""
    position = MqttPosition.objects.using(using).filter(stream=stream, epoch=stream.epoch).first()
    if position is None:
        return []
    has_it = "this event among them" if position.offset >= offset else "and this event waits for the bridge"
    return [f"the broker of MQTT has confirmed the events up to offset {position.offset}, {has_it}"]
