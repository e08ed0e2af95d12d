"""Request bodies in the memory of one process, until their requests are answered: bounded in sum.

A body is bounded by itself (`http/body_limit.py`). But many clients may send many bodies, and none of them to its end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Protocol

from tidewire.http.problems import FULL_OF_BODIES, Problem
from tidewire.serve.kept_bytes import Client, KeptBytes

SMALL_BYTES = 16 * 1024
"""Bodies up to this size are neither counted nor refused: a short write succeeds whatever others send."""

READ_BYTES = 64 * 1024
"""What one read of a connection may bring."""


class Sender(Client, Protocol):
    """A connection on which a body arrives."""

    def refuse(self, problem: Problem) -> None: ...
    def stop_reading(self) -> None: ...
    def read_on(self) -> None: ...


class UnfinishedBodies:
    """The bodies of one process, `max_bytes` in sum; 0 is no bound.

    Above it, the network that sends most waits: its connections are read no further until bytes become free, or until
    their time for the body is over. Each of them may have brought one read more, and an address has a bounded number of
    connections. When another network sends meanwhile, or when twice as many bytes are taken, the costliest connection
    is refused with 503 (`KeptBytes`). A request whose body has arrived is never refused here.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._arriving: KeptBytes[Sender] = KeptBytes()
        self._waiting: dict[Sender, None] = {}
        self._in_work: Counter[Sender] = Counter()
        self._bytes_in_work = 0

    @property
    def total(self) -> int:
        return self._arriving.total + self._bytes_in_work

    def received(self, connection: Sender, count: int) -> None:
        """Records how many bytes of a body have arrived on a connection. Called in the event loop."""
        if count <= SMALL_BYTES or not self._max_bytes:
            return
        now = asyncio.get_running_loop().time()
        self._arriving.put(connection, count, now)
        while self.total > self._max_bytes:
            if self.total <= 2 * self._max_bytes and self._arriving.heaviest() in (connection.network, ""):
                self._waiting[connection] = None
                connection.stop_reading()
                return
            costliest = self._arriving.costliest(now)
            if costliest is None:
                return
            self._drop(costliest)
            costliest.refuse(FULL_OF_BODIES)

    def arrived(self, connection: Sender) -> None:
        """The body is whole: its request goes to the application."""
        if count := self._drop(connection):
            self._in_work[connection] += count
            self._bytes_in_work += count

    def is_waiting(self, connection: Sender) -> bool:
        """Returns whether the connection is not read, because there are too many bytes."""
        return connection in self._waiting

    def forget(self, connection: Sender) -> None:
        """The connection's request was answered or refused, or the connection has ended."""
        worked_on = self._in_work.pop(connection, 0)
        self._bytes_in_work -= worked_on
        if self._drop(connection) or worked_on:
            self._read_on()

    def _drop(self, connection: Sender) -> int:
        """Forgets an arriving body; returns how many bytes it had."""
        self._waiting.pop(connection, None)
        return self._arriving.forget(connection)

    def _read_on(self) -> None:
        """Lets as many connections go on as there are bytes for, those that have waited longest first."""
        for _ in range(max(0, self._max_bytes - self.total) // READ_BYTES):
            if not self._waiting:
                return
            connection = next(iter(self._waiting))
            del self._waiting[connection]
            connection.read_on()
