"""The gauges that show the state of an engine: its connections, its streams, its channel layer."""

from __future__ import annotations

from collections import Counter
from weakref import WeakKeyDictionary

from tidewire.delivery.connections import Connections, OpenConnection
from tidewire.delivery.flusher import Flusher
from tidewire.delivery.hub import Hub
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.layer.publisher import Publisher

MEASURED_DOORS = ("event source", "log events")
"""Doors whose responses say how many bytes the client has not taken."""


class Gauges:
    """Reads the parts of one engine and sets the gauges of the process. Runs in the event loop."""

    def __init__(
        self,
        hub: Hub,
        subscriptions: Subscriptions,
        connections: Connections,
        publisher: Publisher,
        flusher: Flusher,
    ) -> None:
        self._hub, self._subscriptions = hub, subscriptions
        self._connections, self._publisher, self._flusher = connections, publisher, flusher
        self._dropped, self._sent_bytes = publisher.dropped, flusher.sent_bytes
        self._received_bytes = connections.received_bytes
        self._behind_since: WeakKeyDictionary[OpenConnection, float] = WeakKeyDictionary()
        self._doors: set[str] = {"websocket", *MEASURED_DOORS}  # as for the kinds
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
        metrics.bytes_sent.labels("socket").inc(self._flusher.sent_bytes - self._sent_bytes)
        metrics.bytes_received.labels("socket").inc(self._connections.received_bytes - self._received_bytes)
        self._sent_bytes, self._received_bytes = self._flusher.sent_bytes, self._connections.received_bytes
        metrics.connection_places.set(conf.MAX_CONNECTIONS)
        self._set_doors(now)
        self._set_streams()

    def _set_doors(self, now: float) -> None:
        """Counts the readers of each door, and sets how long the slowest of them has had bytes that it does not take.

        Not for doors whose clients answer pings: there, bytes count as unread until the next answer.
        """
        readers: Counter[str] = Counter()
        lags = dict.fromkeys(MEASURED_DOORS, 0.0)
        for connection in self._connections:
            readers[connection.door] += 1
            if connection.door not in MEASURED_DOORS:
                continue
            if connection.unread:
                since = self._behind_since.setdefault(connection, now)
                lags[connection.door] = max(lags[connection.door], now - since)
            else:
                self._behind_since.pop(connection, None)
        self._doors |= readers.keys()
        for door in self._doors:
            metrics.door_readers.labels(door).set(readers[door])
        for door, seconds in lags.items():
            metrics.door_lag.labels(door).set(seconds)

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
