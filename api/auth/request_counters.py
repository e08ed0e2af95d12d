"""Counts of requests in windows of a minute, in Redis for all processes, else in the memory of this one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from django.conf import settings

WINDOW_SECONDS = 60
REDIS_SECONDS = 0.05
"""How long a request waits for Redis."""
REST_SECONDS = 2.0
"""How long Redis is not asked after it has failed to answer."""
MAX_COUNTED = 100_000
"""Keys in memory, above which expired windows are dropped."""

logger = logging.getLogger(__name__)

Counts = list[tuple[int, float]]
"""For each key: (requests in its window, seconds left of the window)."""


class Counter(Protocol):
    def count(self, keys: Sequence[str]) -> Counts:
        """Counts one request for each key. A window begins with the first request of its key."""
        ...


class MemoryCounter:
    """The counts of one process. Used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    def count(self, keys: Sequence[str]) -> Counts:
        now = time.monotonic()
        with self._lock:
            if len(self._windows) > MAX_COUNTED:
                self._windows = {key: window for key, window in self._windows.items() if window[1] > now}
            return [self._count(key, now) for key in keys]

    def _count(self, key: str, now: float) -> tuple[int, float]:
        used, until = self._windows.get(key, (0, 0.0))
        if until <= now:
            used, until = 0, now + WINDOW_SECONDS
        self._windows[key] = (used + 1, until)
        return used + 1, until - now


class RedisCounter:
    """The counts of all processes, or of this one alone while Redis is away or slow."""

    def __init__(self, client: Any, prefix: str = "tidewire:limit:") -> None:
        self._client, self._prefix = client, prefix
        self._own, self._rests_until = MemoryCounter(), 0.0

    def count(self, keys: Sequence[str]) -> Counts:
        if time.monotonic() < self._rests_until:
            return self._own.count(keys)
        try:
            return self._ask(keys)
        except Exception as error:  # a request never fails because it cannot be counted
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("cannot count in Redis, counting here: %s", error)
            return self._own.count(keys)

    def _ask(self, keys: Sequence[str]) -> Counts:
        """One round trip. A key is created with its expiry, so that no window stays for ever."""
        with self._client.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.set(self._prefix + key, 0, px=WINDOW_SECONDS * 1000, nx=True)
                pipe.incr(self._prefix + key)
                pipe.pttl(self._prefix + key)
            answers = pipe.execute()
        return [(answers[i + 1], max(0, answers[i + 2]) / 1000) for i in range(0, len(answers), 3)]


@cache
def counter() -> Counter:
    """The counter of this process. It connects to Redis with the first request."""
    if not settings.REDIS_URL:
        return MemoryCounter()
    import redis  # installed with requirements/production.txt only

    address = settings.REDIS_URL.split(",")[0].strip()
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    return RedisCounter(redis.Redis.from_url(address, **options))
