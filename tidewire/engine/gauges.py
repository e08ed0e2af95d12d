"""The gauges that show the state of an engine: its connections, its streams, its channel layer."""

from __future__ import annotations

from collections import Counter

from tidewire.delivery.connections import Connections
from tidewire.delivery.hub import Hub
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.ground import metrics
from tidewire.layer.publisher import Publisher


class Gauges:
    """Reads the parts of one engine and sets the gauges of the process. Runs in the event loop."""

    def __init__(self, hub: Hub, subscriptions: Subscriptions, connections: Connections, publisher: Publisher) -> None:
        self._hub, self._subscriptions = hub, subscriptions
        self._connections, self._publisher = connections, publisher
        self._dropped = publisher.dropped
        self._kinds: set[str] = set()  # every kind seen so far: one without subscribers goes back to 0

    def set(self, now: float) -> None:
        """Sets them all. `now` is the loop's time in seconds."""
        metrics.connections.set(len(self._connections))
        metrics.users.set(self._connections.users)
        metrics.unread_bytes.set(sum(connection.unread for connection in self._connections))
        metrics.layer_deaf.set(self._hub.is_deaf)
        metrics.poll_age.set(now - self._hub.polled_at)
        metrics.layer_dropped.inc(self._publisher.dropped - self._dropped)
        self._dropped = self._publisher.dropped
        self._set_streams()

    def _set_streams(self) -> None:
        streams: Counter[str] = Counter()
        subscriptions: Counter[str] = Counter()
        for stream, count in self._subscriptions.counts():
            kind = stream.partition(":")[0]
            streams[kind] += 1
            subscriptions[kind] += count
        self._kinds |= streams.keys()
        for kind in self._kinds:
            metrics.streams_active.labels(kind).set(streams[kind])
            metrics.subscriptions.labels(kind).set(subscriptions[kind])
