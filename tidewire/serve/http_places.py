"""Which plain HTTP connections have a place in the process: so many in all, so many of one network.

A connection that waits for its next request gives way to a new one, the one that has waited longest first. Where none
waits, the new connection has no place. A few such connections are kept in reserve until they have said what they want:
a probe is answered, everything else is refused. So /healthz and /readyz answer, however many connections there are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tidewire.ground import metrics
from tidewire.ground.networks import is_loopback
from tidewire.serve.idle_connections import IdleConnections
from tidewire.serve.kept_bytes import Client


@dataclass(frozen=True, slots=True)
class PlaceLimits:
    """Connections of one process: `total` together with its WebSockets, `reserve` beyond that, `idle` that wait for
    their next request, and `per_address` of one network; 0 is no limit for the last two."""

    total: int
    reserve: int
    idle: int
    per_address: int


class Connection(Client, Protocol):
    """An HTTP connection. `network` is that of the peer, until a request has said more."""

    def loseConnection(self) -> object: ...
    def cut_off(self) -> None: ...
    def end_if_idle(self) -> None: ...


class HTTPPlaces:
    """The HTTP connections of one process; `sockets` returns how many WebSockets it has.

    With `is_proxied` the peers are proxies, each of which has the connections of many clients. Then the requests that
    are being received or answered count for the address of their client, in place of the connections. Loopback is not
    limited by address.
    """

    def __init__(self, limits: PlaceLimits, sockets: Callable[[], int], is_proxied: bool) -> None:
        self._limits, self._sockets, self.is_proxied = limits, sockets, is_proxied
        self.connections: set[Connection] = set()
        self._idle: IdleConnections[Connection] = IdleConnections()
        self._surplus: dict[Connection, None] = {}
        self._counted: dict[Connection, str] = {}
        self._per_network: Counter[str] = Counter()

    def admit(self, connection: Connection) -> bool:
        """Adds a new connection. Returns whether it has a place; without one it is surplus."""
        now = asyncio.get_running_loop().time()
        self.connections.add(connection)
        has_place = (self.is_proxied or self._count(connection, now)) and self._has_room(now)
        if has_place:
            self._wait(connection, now)
        else:
            self._surplus[connection] = None
            if len(self._surplus) > self._limits.reserve:
                self._end(next(iter(self._surplus)), "surplus")
        return has_place

    def begin(self, connection: Connection) -> None:
        """The first bytes of a request have arrived."""
        self._idle.discard(connection)

    def is_allowed(self, connection: Connection) -> bool:
        """Returns whether the request whose headers have arrived may go on: its address has not too many of them."""
        return not self.is_proxied or self._count(connection, asyncio.get_running_loop().time())

    def wait(self, connection: Connection) -> None:
        """The connection's request is answered, and it waits for the next one."""
        if self.is_proxied:
            self._uncount(connection)
        if connection in self.connections:
            self._wait(connection, asyncio.get_running_loop().time())

    def discard(self, connection: Connection) -> None:
        """The connection has ended, or is a WebSocket's from now on."""
        self.connections.discard(connection)
        self._idle.discard(connection)
        self._surplus.pop(connection, None)
        self._uncount(connection)

    def _wait(self, connection: Connection, now: float) -> None:
        self._idle.add(connection, now)
        if 0 < self._limits.idle < len(self._idle) and (oldest := self._idle.oldest(now)) is not None:
            self._end(oldest, "idle")

    def _has_room(self, now: float) -> bool:
        """Returns whether there is a place for one connection more, the one that was added last. Ends the oldest idle
        one for it."""
        placed = len(self.connections) - len(self._surplus) + self._sockets()
        return placed <= self._limits.total or self._make_room(self._idle.oldest(now))

    def _count(self, connection: Connection, now: float) -> bool:
        """Counts a connection, or its request, for its network. Returns False, without counting, when that is full."""
        network, limit = connection.network, self._limits.per_address
        if not limit or is_loopback(network):
            return True
        if self._per_network[network] >= limit and not self._make_room(self._idle.oldest(now, network)):
            return False
        self._counted[connection] = network
        self._per_network[network] += 1
        return True

    def _uncount(self, connection: Connection) -> None:
        network = self._counted.pop(connection, None)
        if network is not None:
            self._per_network[network] -= 1
            if not self._per_network[network]:
                del self._per_network[network]

    def _make_room(self, idle: Connection | None) -> bool:
        """Ends an idle connection. Returns False where there is none."""
        if idle is not None:
            self._end(idle, "idle")
        return idle is not None

    def _end(self, connection: Connection, reason: str) -> None:
        metrics.cut_offs.labels(reason).inc()
        is_idle = reason == "idle"
        self.discard(connection)
        if is_idle:
            connection.loseConnection()
        else:
            connection.cut_off()
