"""What the clients of one process have not read of their answers: bounded in sum, and in time.

Bytes count as unread until the kernel has taken them. It takes as many as the client's own buffer has room for, and
UNSENT_BYTES (listening_socket.py).
That the next request of a connection waits for the answer before it is in http_protocol.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from tidewire.ground import metrics
from tidewire.serve.kept_bytes import Client, KeptBytes

LEAST_BYTES = 32 * 1024
"""What a client must read within the time that it is given, unless it reads all."""

LOOK_SECONDS = 1.0


class Reader(Client, Protocol):
    """A connection that has answers to read."""

    @property
    def unread(self) -> int: ...
    def cut_off(self) -> None: ...


@dataclass(slots=True)
class _Progress:
    """What a client has read since `since`. `unread` were unread at the last look, or were written later."""

    unread: int
    since: float
    taken: int = 0


class UnreadAnswers:
    """The unread bytes of one process.

    Above `max_bytes` in sum, the costliest connections are cut off (`KeptBytes`). A connection is also cut off when its
    client has read neither all nor LEAST_BYTES within `seconds`. 0 means no bound.
    """

    def __init__(self, max_bytes: int, seconds: float) -> None:
        self._max_bytes, self._seconds = max_bytes, seconds
        self._kept: KeptBytes[Reader] = KeptBytes()
        self._progress: dict[Reader, _Progress] = {}
        self._is_looking = False

    @property
    def total(self) -> int:
        return self._kept.total

    def wrote(self, connection: Reader, count: int) -> None:
        """Counts bytes that were written to a connection just now. Called in the event loop."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        progress = self._progress.setdefault(connection, _Progress(0, now))
        progress.unread += count
        self._kept.put(connection, connection.unread, now)
        if 0 < self._max_bytes < self._kept.total:
            self._shed(now)
        if not self._is_looking:
            self._is_looking = True
            loop.call_later(LOOK_SECONDS, self._look_again)

    def forget(self, connection: Reader) -> None:
        """Forgets a connection that has ended."""
        self._kept.forget(connection)
        self._progress.pop(connection, None)

    def look(self, now: float) -> None:
        """Sees what was read since the last look, and cuts off the connections whose time is over."""
        for connection, progress in list(self._progress.items()):
            unread = connection.unread
            if not unread:
                self.forget(connection)
                continue
            self._kept.put(connection, unread, now)
            progress.taken += progress.unread - unread
            progress.unread = unread
            if progress.taken >= LEAST_BYTES:
                progress.taken, progress.since = 0, now
            elif 0 < self._seconds <= now - progress.since:
                self._cut_off(connection, "unread_too_long")

    def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        self.look(loop.time())
        self._is_looking = bool(self._progress)
        if self._is_looking:
            loop.call_later(LOOK_SECONDS, self._look_again)

    def _shed(self, now: float) -> None:
        """Cuts connections off until an eighth of the bound is free: so this is rare, although it looks at all."""
        for connection in self._kept:
            self._kept.put(connection, connection.unread, now)
        if self._kept.total > self._max_bytes:
            while self._kept.total > self._max_bytes * 7 // 8 and (costliest := self._kept.costliest(now)) is not None:
                self._cut_off(costliest, "unread_bytes")

    def _cut_off(self, connection: Reader, reason: str) -> None:
        metrics.cut_offs.labels(reason).inc()
        self.forget(connection)
        connection.cut_off()
