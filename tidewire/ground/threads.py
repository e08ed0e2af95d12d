"""A few long-lived threads for work that must not run in the event loop: views, and reads of the log.

A thread keeps its database connection from job to job, which saves a request to the connection pool and a check each
time. The thread that became idle last gets the next job, and a thread that is idle for long ends and gives its
connection back. So the number of connections follows the work and not the limit.
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
"""After this time a connection goes back to the pool, so that servers that were added or removed are noticed."""

Job = Callable[[], None]


class Threads:
    """At most `size` threads. Jobs wait while all are busy. Its methods may be called from any thread."""

    def __init__(self, size: int, name: str) -> None:
        self._size, self._name = size, name
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Job | None]] = []
        self._waiting: deque[Job] = deque()
        self._count = 0
        self._is_closed = False

    def run(self, job: Job) -> None:
        """Runs a job soon, in a copy of the caller's context. An exception that it raises is only logged. Raises
        RuntimeError after `close`."""
        job = _in_context(contextvars.copy_context(), job)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("these threads are closed")
            if self._idle:
                self._idle.pop().put(job)
            elif self._count < self._size:
                self._count += 1
                threading.Thread(target=self._work, args=(job,), name=self._name, daemon=True).start()
            else:
                self._waiting.append(job)

    def close(self) -> None:
        """Ends idle threads now and the others after their job. Drops the jobs that wait."""
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
        """Returns a waiting job, or the next that arrives; None when the thread shall end."""
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
            return queue.get() or self._ended()  # a job arrived at this very moment

    def _ended(self) -> None:
        self._count -= 1


def _in_context(context: contextvars.Context, job: Job) -> Job:
    return lambda: context.run(job)


# -- kept connections --------------------------------------------------------------------------------------------------

_this = threading.local()


def begin_job() -> None:
    """Spares the health check of this thread's kept connections. To be called after Django's `close_old_connections`.

    Django's check costs one statement per job. It is needed only when something can be read from the socket: a server
    that closes a connection sends a message first.
    """
    if getattr(_this, "keeps_connections", False):
        for connection in connections.all(initialized_only=True):
            if connection.connection is not None and _is_silent(connection):
                connection.health_check_done = True  # pyright: ignore[reportAttributeAccessIssue]  missing in the stubs


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
    """Keeps a new connection for KEEP_SECONDS. CONN_MAX_AGE is 0, because in threads that serve one request each a kept
    connection would stay open for ever."""
    if getattr(_this, "keeps_connections", False):
        connection.close_at = time.monotonic() + KEEP_SECONDS


connection_created.connect(_keep, dispatch_uid="tidewire.threads")
