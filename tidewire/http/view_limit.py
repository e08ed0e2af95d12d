"""A bound on concurrent requests in views, and on how many of them are one account's.

Each request in a view occupies a thread (threaded_handler.py), and each thread needs a connection of the database's
pool. A request for which the pool has no connection would wait five seconds and fail. So at most `max_views` requests
are in views at once, a bounded number waits a moment, and all others are answered 503 while that is still cheap.

One account (or, for requests without a known credential, one address) has at most `share` of these places. It waits for
its share first, in order, and for a place afterwards: however many requests it sends, the other places stay for other
accounts. Above its share and its queue it is answered 429. A request whose client has left while it waited is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from tidewire.ground import metrics
from tidewire.http.holders import holder_of
from tidewire.http.problems import ACCOUNT_BUSY, BUSY, Problem, refuse
from tidewire.protocol import http_chunks

PROBE_PATHS = ("/healthz", "/readyz", "/metrics")
"""Answered in the event loop, never limited: a balancer that probes a busy process must not wait for its views."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many requests are in views at once, how many wait, and for how long. `share` is for one holder, 0 for all."""

    max_views: int
    max_waiting: int
    wait_seconds: float
    share: int

    @property
    def holder_waiting(self) -> int:
        """How many requests of one holder wait for its share: with half of the queue, the other half stays free."""
        return self.max_waiting // 2


class ViewLimit:
    """ASGI middleware: `max_views` requests at once, `max_waiting` more waiting for at most `wait_seconds`.

    `share` is the number of places of one account or address; 0 means no bound.
    """

    def __init__(
        self,
        application: ASGI3Application,
        max_views: int,
        max_waiting: int,
        wait_seconds: float,
        share: int = 0,
    ) -> None:
        self._application = application
        self._bounds = Bounds(max_views, max_waiting, wait_seconds, share)
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, _Places] = WeakKeyDictionary()
        metrics.at_each_sample(self._set_gauges)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._application(scope, receive, send)
            return
        async with self._places_of_this_loop().place(holder_of(scope)) as refusal:
            if http_chunks.has_left(scope):
                return
            if refusal is None:
                await self._application(scope, receive, send)
            else:
                await refuse(refusal, scope, send)

    def _set_gauges(self) -> None:
        places = self._places_of_this_loop()
        metrics.view_places.set(self._bounds.max_views)
        metrics.views_running.set(places.running)
        metrics.views_waiting.set(places.waiting)

    def _places_of_this_loop(self) -> _Places:
        loop = asyncio.get_running_loop()
        places = self._places.get(loop)
        if places is None:
            places = self._places[loop] = _Places(self._bounds)
        return places


class _Places:
    """The places of one loop, and the shares of those holders that have or want one now."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._all = _Slots(bounds.max_views, bounds.max_waiting, bounds.wait_seconds)
        self._shares: dict[str, _Slots] = {}

    @property
    def running(self) -> int:
        return self._all.used

    @property
    def waiting(self) -> int:
        """How many requests wait, for a place or for their holder's share."""
        return self._all.waiting + sum(share.waiting for share in self._shares.values())

    @asynccontextmanager
    async def place(self, holder: str) -> AsyncGenerator[Problem | None]:
        """Gives this holder a place for the time of the block, or the reason why it gets none."""
        async with self._share(holder) as has_share:
            if not has_share:
                yield ACCOUNT_BUSY
            elif not await self._all.acquire():
                yield BUSY
            else:
                try:
                    yield None
                finally:
                    self._all.release()

    @asynccontextmanager
    async def _share(self, holder: str) -> AsyncGenerator[bool]:
        """Takes one of the holder's own places for the time of the block, and says whether it got one."""
        bounds = self._bounds
        if not bounds.share:
            yield True
            return
        share = self._shares.get(holder)
        if share is None:
            share = self._shares[holder] = _Slots(bounds.share, bounds.holder_waiting, bounds.wait_seconds)
        try:
            if await share.acquire():
                try:
                    yield True
                finally:
                    share.release()
            else:
                yield False
        finally:
            if share.is_unused:
                self._shares.pop(holder, None)


class _Slots:
    """A semaphore of `size`, for which at most `max_waiting` tasks wait at once, each for at most `wait_seconds`."""

    def __init__(self, size: int, max_waiting: int, wait_seconds: float) -> None:
        self._semaphore = asyncio.Semaphore(size)
        self._max_waiting, self._wait_seconds = max_waiting, wait_seconds
        self.waiting = self.used = 0

    @property
    def is_unused(self) -> bool:
        return not (self.used or self.waiting)

    async def acquire(self) -> bool:
        """Returns whether the caller has a slot now, which it must release."""
        if not self._semaphore.locked():
            await self._semaphore.acquire()
            self.used += 1
            return True
        if self.waiting >= self._max_waiting:
            return False
        self.waiting += 1
        try:
            with metrics.view_waits.time():
                async with asyncio.timeout(self._wait_seconds):
                    await self._semaphore.acquire()
        except TimeoutError:
            return False
        finally:
            self.waiting -= 1
        self.used += 1
        return True

    def release(self) -> None:
        self.used -= 1
        self._semaphore.release()
