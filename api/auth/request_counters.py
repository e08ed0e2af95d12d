"""Counts in windows of time, of requests and of passwords tried. In Redis for all processes, else in the memory of this
one.

A hold is a key that one caller gets for some seconds: while it has it, no other does.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any, Protocol, TypeVar

from tidewire import redis_clients

WINDOW_SECONDS = 60
REDIS_SECONDS = 0.05
"""How long a request waits for Redis."""
REST_SECONDS = 2.0
"""How long Redis is not asked after it has failed to answer."""
MAX_COUNTED = 100_000
"""Keys in memory, above which those of expired windows are dropped, and the oldest where too few have expired."""

logger = logging.getLogger(__name__)

T = TypeVar("T")

Amount = int | Sequence[int]

Counts = list[tuple[int, float]]
"""For each key: (what its window has counted, seconds left of the window)."""


class Counter(Protocol):
    def count(self, keys: Sequence[str], amount: Amount = 1, seconds: float = WINDOW_SECONDS) -> Counts:
        """Adds `amount` for each key: one number for all, or one for each. A window begins with the first count of its
        key, and lasts `seconds`."""
        ...

    def hold(self, key: str, seconds: float) -> float:
        """Takes a hold. Returns 0.0, or how many seconds are left of the hold that another caller has."""
        ...

    def seconds_left(self, key: str) -> float:
        """Returns how many seconds are left of a hold, 0.0 without one."""
        ...

    def release(self, key: str) -> None:
        """Ends a hold."""
        ...


class MemoryCounter:
    """The counts of one process. Used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    def count(self, keys: Sequence[str], amount: Amount = 1, seconds: float = WINDOW_SECONDS) -> Counts:
        now = time.monotonic()
        with self._lock:
            self._make_space(now)
            return [self._count(key, some, seconds, now) for key, some in _each(keys, amount)]

    def hold(self, key: str, seconds: float) -> float:
        now = time.monotonic()
        with self._lock:
            self._make_space(now)
            until = self._windows.get(_hold(key), (0, 0.0))[1]
            if until > now:
                return until - now
            self._windows[_hold(key)] = (1, now + seconds)
            return 0.0

    def seconds_left(self, key: str) -> float:
        with self._lock:
            return max(0.0, self._windows.get(_hold(key), (0, 0.0))[1] - time.monotonic())

    def release(self, key: str) -> None:
        with self._lock:
            self._windows.pop(_hold(key), None)

    def _count(self, key: str, amount: int, seconds: float, now: float) -> tuple[int, float]:
        used, until = self._windows.get(key, (0, 0.0))
        if until <= now:
            used, until = 0, now + seconds
        self._windows[key] = (max(0, used + amount), until)
        return self._windows[key][0], until - now

    def _make_space(self, now: float) -> None:
        if len(self._windows) <= MAX_COUNTED:
            return
        kept = [(key, window) for key, window in self._windows.items() if window[1] > now]
        self._windows = dict(kept[-(MAX_COUNTED // 2) :])  # half, so that the next thousands of keys have space


class RedisCounter:
    """The counts of all processes, or of this one alone while Redis is away or slow."""

    def __init__(self, client: Any, prefix: str = "tidewire:limit:") -> None:
        self._client, self._prefix = client, prefix
        self._own, self._rests_until = MemoryCounter(), 0.0

    def count(self, keys: Sequence[str], amount: Amount = 1, seconds: float = WINDOW_SECONDS) -> Counts:
        return self._try(lambda: self._count(keys, amount, seconds), lambda: self._own.count(keys, amount, seconds))

    def hold(self, key: str, seconds: float) -> float:
        return self._try(lambda: self._hold(key, seconds), lambda: self._own.hold(key, seconds))

    def seconds_left(self, key: str) -> float:
        return self._try(lambda: self._pttl(key), lambda: self._own.seconds_left(key))

    def release(self, key: str) -> None:
        self._own.release(key)
        self._try(lambda: self._client.delete(self._prefix + _hold(key)), lambda: None)

    def _try(self, ask: Callable[[], T], count_here: Callable[[], T]) -> T:
        if time.monotonic() < self._rests_until:
            return count_here()
        try:
            return ask()
        except Exception as error:  # a request never fails because it cannot be counted
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("cannot count in Redis, counting here: %s", error)
            return count_here()

    def _count(self, keys: Sequence[str], amount: Amount, seconds: float) -> Counts:
        """One round trip. A key is created with its expiry, so that no window stays for ever."""
        with self._client.pipeline(transaction=True) as pipe:
            for key, some in _each(keys, amount):
                pipe.set(self._prefix + key, 0, px=int(seconds * 1000), nx=True)
                pipe.incrby(self._prefix + key, some)
                pipe.pttl(self._prefix + key)
            answers = pipe.execute()
        return [(answers[i + 1], max(0, answers[i + 2]) / 1000) for i in range(0, len(answers), 3)]

    def _hold(self, key: str, seconds: float) -> float:
        name = self._prefix + _hold(key)
        return 0.0 if self._client.set(name, 1, px=int(seconds * 1000), nx=True) else self._pttl(key)

    def _pttl(self, key: str) -> float:
        return max(0, self._client.pttl(self._prefix + _hold(key))) / 1000


class ClusterCounter(RedisCounter):
    """The counts of all processes in a Redis Cluster, where keys lie at several nodes, and no transaction holds keys
    of two. `connect` returns a client, or raises what the nodes raise."""

    def __init__(self, connect: Callable[[], Any], prefix: str = "tidewire:limit:") -> None:
        super().__init__(None, prefix)
        self._connect = connect

    def _try(self, ask: Callable[[], T], count_here: Callable[[], T]) -> T:
        def ask_cluster() -> T:
            self._client = self._client or self._connect()
            try:
                return ask()
            except Exception:
                self._client = None  # all nodes may have new addresses: the next client begins with the configured ones
                raise

        return super()._try(ask_cluster, count_here)

    def _count(self, keys: Sequence[str], amount: Amount, seconds: float) -> Counts:
        """One round trip to each node. A key whose expiry was lost, because a process died in between, gets one with
        its next count, so that no window stays for ever."""
        with self._client.pipeline() as pipe:
            for key, some in _each(keys, amount):
                pipe.incrby(self._prefix + key, some)
                pipe.pexpire(self._prefix + key, int(seconds * 1000), nx=True)
                pipe.pttl(self._prefix + key)
            answers = pipe.execute()
        return [(answers[i], max(0, answers[i + 2]) / 1000) for i in range(0, len(answers), 3)]


def _each(keys: Sequence[str], amount: Amount) -> list[tuple[str, int]]:
    amounts = [amount] * len(keys) if isinstance(amount, int) else amount
    return list(zip(keys, amounts, strict=True))


def _hold(key: str) -> str:
    return f"hold:{key}"


@cache
def counter() -> Counter:
    """The counter of this process, in the first server of the channel layer or in its cluster. It connects with the
    first request."""
    servers = redis_clients.servers()
    if not servers:
        return MemoryCounter()
    if redis_clients.is_cluster(servers[0]):
        return ClusterCounter(partial(redis_clients.blocking_client, servers[0], REDIS_SECONDS))
    return RedisCounter(redis_clients.blocking_client(servers[0], REDIS_SECONDS))
