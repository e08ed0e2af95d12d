"""A bound on concurrent sync views.

Each request in a view has a thread (requests.py), and each thread wants a connection of the database's pool: what the
pool does not hold would wait five seconds and fail. So at most `max_views` requests are in views at once, some wait a
moment, and the rest is told to come back, while that is still cheap.
"""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from tidewire.http.problems import BUSY, refuse

ALWAYS = ("/healthz", "/readyz", "/metrics")
"""Asked by those who decide whether we live: they must not wait behind what they measure."""


class ViewLimit:
    """ASGI middleware: `max_views` requests at once, `max_waiting` waiting for at most `wait_seconds`."""

    def __init__(self, application: Any, max_views: int, max_waiting: int, wait_seconds: float) -> None:
        self._application, self._max_views = application, max_views
        self._max_waiting, self._wait_seconds = max_waiting, wait_seconds
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, _Places] = WeakKeyDictionary()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self._application(scope, receive, send)
            return
        places = self._of_this_loop()
        if not await places.take():
            await refuse(BUSY, send)
            return
        try:
            await self._application(scope, receive, send)
        finally:
            places.leave()

    def _of_this_loop(self) -> _Places:
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            places = self._places[loop] = _Places(self._max_views, self._max_waiting, self._wait_seconds)
        return places


class _Places:
    """The places of one process."""

    def __init__(self, size: int, max_waiting: int, wait_seconds: float) -> None:
        self._free = asyncio.Semaphore(size)
        self._max_waiting, self._wait_seconds = max_waiting, wait_seconds
        self._waiting = 0

    async def take(self) -> bool:
        if not self._free.locked():
            return await self._free.acquire()
        if self._waiting >= self._max_waiting:
            return False
        self._waiting += 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await self._free.acquire()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        self._free.release()
