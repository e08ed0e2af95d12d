"""Flushes send queues: one callback of the event loop for all of them, not one for each."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

logger = logging.getLogger(__name__)

CROWD = 64
PATIENCE = 2
MOST_SECONDS = 0.03


class Flushable(Protocol):
    """A send queue with frames that wait for the server."""

    def flush(self) -> None: ...


class Flusher:
    """Flushes the queues that were added since the last flush, in the next turn of the loop.

    After a flush of a crowd (CROWD queues or more) the next one waits PATIENCE times as long as this one took, but no
    longer than MOST_SECONDS. So flushing takes at most one part in 1 + PATIENCE of the time, and when events come
    faster than a thousand sockets can be served, each socket gets several events in one message. A single event is
    never delayed, and nothing is delayed where few clients are connected.
    """

    __slots__ = ("_afterwards", "_loop", "_not_before", "_queues", "sent_bytes")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._queues: list[Flushable] = []
        self._afterwards: list[Callable[[], None]] = []
        self._not_before = 0.0
        self.sent_bytes = 0  # handed to the server by all queues

    @property
    def is_due(self) -> bool:
        """Whether any queue waits to be flushed."""
        return bool(self._queues)

    def after(self, call: Callable[[], None]) -> None:
        """Calls `call` once, after the next flush."""
        self._afterwards.append(call)

    def add(self, queue: Flushable) -> None:
        if not self._queues:
            if self._loop.time() >= self._not_before:
                self._loop.call_soon(self._flush)
            else:
                self._loop.call_at(self._not_before, self._flush)
        self._queues.append(queue)

    def _flush(self) -> None:
        began = self._loop.time()
        queues, self._queues = self._queues, []
        for queue in queues:
            try:
                queue.flush()
            except Exception:  # raised by a server: the other sockets are served
                logger.exception("a socket could not be written to")
        afterwards, self._afterwards = self._afterwards, []
        for call in afterwards:
            call()
        if len(queues) >= CROWD:
            ended = self._loop.time()
            self._not_before = ended + min((ended - began) * PATIENCE, MOST_SECONDS)
