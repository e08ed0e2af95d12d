"""A few long-lived threads, for what must not run in the event loop: views, and reads of the log.

A thread keeps its database connection from job to job, which saves a trip to the pool and a check for each. The thread
that was idle last works first, and one that idles for long ends and gives its connection back: so there are as many
connections as there is work, not as many as there may be.
"""

from __future__ import annotations

import contextvars
import logging
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

logger = logging.getLogger(__name__)

IDLE_SECONDS = 30.0
KEEP_SECONDS = 600.0
"""Then a connection goes through the pool again: servers that were added or left are noticed."""

Job = Callable[[], None]


class Threads:
    """At most `size` of them; what comes when all are busy waits. May be used from any thread."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Job | None]] = []
        self._waiting: deque[Job] = deque()
        self._count = 0
        self._is_closed = False

    def run(self, job: Job) -> None:
        """Runs it soon, in the caller's context. It must not raise: who waits for it is not known here."""
        job = _in_context(contextvars.copy_context(), job)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("these threads have ended")
            if self._idle:
                self._idle.pop().put(job)
            elif self._count < self._size:
                self._count += 1
                threading.Thread(target=self._work, args=(job,), name=self._name, daemon=True).start()
            else:
                self._waiting.append(job)

    def close(self) -> None:
        """Ends those that idle; the others end with what they do. What waits is not done any more."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
            for queue in self._idle:
                queue.put(None)
            self._idle.clear()

    def _work(self, job: Job | None) -> None:
        _this.keeps_connections = True
        queue: SimpleQueue[Job | None] = SimpleQueue()
        while job is not None:
            try:
                job()
            except Exception:
                logger.exception("a job failed")
            job = self._next(queue)
        connections.close_all()

    def _next(self, queue: SimpleQueue[Job | None]) -> Job | None:
        """What waits, or what comes; None when it is time to end."""
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            if self._is_closed:
                return self._ended()
            self._idle.append(queue)
        try:
            return queue.get(timeout=IDLE_SECONDS) or self._ended()
        except Empty:
            with self._lock:
                if queue in self._idle:
                    self._idle.remove(queue)
                    return self._ended()
            return queue.get() or self._ended()  # it was given one in this very moment

    def _ended(self) -> None:
        self._count -= 1


def _in_context(context: contextvars.Context, job: Job) -> Job:
    return lambda: context.run(job)


# -- connections that are kept -----------------------------------------------------------------------------------------

_this = threading.local()


def begin_job() -> None:
    """Call it where Django's `close_old_connections` was called for a job of these threads.

    Django asks a kept connection with a statement whether it is alive. One whose socket is silent is: a server that has
    ended it has said so, and then the statement is worth its price.
    """
    if getattr(_this, "keeps_connections", False):
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None and _is_silent(connection):
                connection.health_check_done = True


def _is_silent(connection: BaseDatabaseWrapper) -> bool:
    if connection.vendor != "postgresql":
        return True
    try:
        poll = select.poll()
        poll.register(connection.connection.fileno(), select.POLLIN)
        return not poll.poll(0)
    except Exception:
        return False


def _keep(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """CONN_MAX_AGE is 0, because elsewhere every request has a thread of its own and its connection would stay open
    for ever. Here it is kept."""
    if getattr(_this, "keeps_connections", False):
        connection.close_at = time.monotonic() + KEEP_SECONDS


connection_created.connect(_keep, dispatch_uid="tidewire.threads")
