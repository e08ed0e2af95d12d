"""The queue of this process for SQLite's one write lock.

A writer that finds the lock taken is put to sleep by SQLite, longer each time, and asks again: the one that has waited
longest is asked last. Of sixteen writers most then wait a few milliseconds and some a second. So the threads of one
process wait for each other in order, before the first of them asks SQLite.

Another process, such as a command, asks SQLite only. It would find the lock free too seldom while a queue stands here,
so the queue pauses now and then for as long as SQLite lets a writer sleep.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.ground.conf import conf

DEFAULT_WAIT_SECONDS = 5.0
"""How long SQLite waits for its lock where the connection does not say."""
PAUSE_EVERY_SECONDS = 1.0
PAUSE_SECONDS = 0.11
"""SQLite lets a writer sleep for a tenth of a second at most."""


class WriteQueue:
    """A lock that is given to those who wait in the order in which they came."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Event] = deque()
        self._busy_since = 0.0

    def acquire(self, seconds: float) -> bool:
        """Waits for the turn. Returns False after `seconds` without it."""
        with self._lock:
            if not self._is_taken:
                self._is_taken, self._busy_since = True, time.monotonic()
                return True
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(seconds):
            return True
        with self._lock:
            if turn.is_set():  # it came at the last moment
                return True
            self._waiting.remove(turn)
        return False

    def release(self) -> None:
        """Gives the turn to the one that waits longest, after a pause where writers have followed each other long."""
        if self._waiting and time.monotonic() - self._busy_since > PAUSE_EVERY_SECONDS:
            time.sleep(PAUSE_SECONDS)
            self._busy_since = time.monotonic()
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._is_taken = False


_queues: dict[str, WriteQueue] = {}
_making = threading.Lock()


@contextmanager
def in_turn(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Waits until no other thread of this process writes to the same SQLite database, and holds them off meanwhile.

    Does nothing for other databases, and inside a transaction. Raises OperationalError, as SQLite does, when the turn
    has not come after the `timeout` of the connection.
    """
    if connection.vendor != "sqlite" or connection.in_atomic_block or not conf.PREPARED_QUERIES:
        yield
        return
    options: dict[str, Any] = connection.settings_dict.get("OPTIONS", {})
    queue = _queue_of(str(connection.settings_dict["NAME"]))
    if not queue.acquire(options.get("timeout", DEFAULT_WAIT_SECONDS)):
        raise OperationalError("database is locked")
    try:
        yield
    finally:
        queue.release()


def _queue_of(name: str) -> WriteQueue:
    queue = _queues.get(name)
    if queue is None:
        with _making:
            queue = _queues.setdefault(name, WriteQueue())
    return queue
