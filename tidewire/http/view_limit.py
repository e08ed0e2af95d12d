"""A bound on concurrent requests in views.

Each request in a view occupies a thread (threaded_handler.py), and each thread needs a connection of the database's
pool. A request for which the pool has no connection would wait five seconds and fail. So at most `max_views` requests
are in views at once, a bounded number waits a moment, and all others are answered 503 while that is still cheap.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from tidewire.http.problems import BUSY, refuse

PROBE_PATHS = ("/healthz", "/readyz", "/metrics")
"""Answered in the event loop, never limited: a balancer that probes a busy process must not wait for its views."""


class ViewLimit:
    """ASGI middleware: `max_views` requests at once, `max_waiting` more waiting for at most `wait_seconds`."""

    def __init__(self, application: ASGI3Application, max_views: int, max_waiting: int, wait_seconds: float) -> None:
        self._application, self._max_views = application, max_views
        self._max_waiting, self._wait_seconds = max_waiting, wait_seconds
        self._slots: WeakKeyDictionary[asyncio.AbstractEventLoop, _Slots] = WeakKeyDictionary()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._application(scope, receive, send)
            return
        slots = self._slots_of_this_loop()
        if not await slots.acquire():
            await refuse(BUSY, scope, send)
            return
        try:
            await self._application(scope, receive, send)
        finally:
            slots.release()

    def _slots_of_this_loop(self) -> _Slots:
        loop = asyncio.get_running_loop()
        slots = self._slots.get(loop)
        if slots is None:
            slots = self._slots[loop] = _Slots(self._max_views, self._max_waiting, self._wait_seconds)
        return slots


class _Slots:
    """A semaphore of `size`, for which at most `max_waiting` tasks wait at once, each for at most `wait_seconds`."""

    def __init__(self, size: int, max_waiting: int, wait_seconds: float) -> None:
        self._semaphore = asyncio.Semaphore(size)
        self._max_waiting, self._wait_seconds = max_waiting, wait_seconds
        self._waiting = 0

    async def acquire(self) -> bool:
        """Returns whether the caller has a slot now, which it must release."""
        if not self._semaphore.locked():
            return await self._semaphore.acquire()
        if self._waiting >= self._max_waiting:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await self._semaphore.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def release(self) -> None:
        self._semaphore.release()
