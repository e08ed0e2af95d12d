"""How often somebody may ask: each account, each key, and each address of those who are nobody.

The counts of all processes meet in Redis, where there is one. Nothing but the counting depends on it: while it is away,
or slow, each process counts for itself.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django.conf import settings
from rest_framework.exceptions import Throttled

from api.auth.throttles import hashed, is_local, network
from tidewire.credentials import Identity

WINDOW_SECONDS = 60
REDIS_SECONDS = 0.05
REST_SECONDS = 2.0
"""How long Redis is left alone when it did not answer."""
MAX_COUNTED = 100_000

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Count:
    """What a policy has seen of somebody within their window, which began with their first request."""

    policy: str
    quota: int
    used: int
    seconds_left: float

    @property
    def left(self) -> int:
        return max(0, self.quota - self.used)


class QuotaExceeded(Throttled):
    default_code = "quota_exceeded"

    def __init__(self, counts: list[Count]) -> None:
        broken = [count for count in counts if count.used > count.quota]
        super().__init__(math.ceil(max(count.seconds_left for count in broken)) or 1)
        self.detail = type(self.detail)("There were more requests than are allowed.", self.default_code)
        self.more = {"violated-policies": [count.policy for count in broken]}


# -- who is counted, and how often -----------------------------------------------------------------------------------


def spend(request: Any, identity: Identity | None) -> list[Count]:
    """Counts one request. Raises QuotaExceeded, which counts too."""
    return _require(_of(identity) if identity else _of_stranger(request))


def may_command(identity: Identity) -> bool:
    """Counts one command on a socket, against the same quotas. Synchronous: called in a thread."""
    return all(count.used <= count.quota for count in _counted(_of(identity)))


def policies(counts: list[Count]) -> str:
    """The field RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers."""
    return ", ".join(f'"{count.policy}";q={count.quota};w={WINDOW_SECONDS}' for count in counts)


def remaining(counts: list[Count]) -> str:
    """The field RateLimit."""
    return ", ".join(f'"{count.policy}";r={count.left};t={math.ceil(count.seconds_left)}' for count in counts)


def _of(identity: Identity) -> dict[str, str]:
    """{policy: whom it counts}"""
    who = {"user": identity.user_id}
    return who | {"key": identity.session_id} if getattr(identity, "scopes", None) is not None else who


def _of_stranger(request: Any) -> dict[str, str]:
    """This machine's own address is what a proxy has that nobody told us of: it may stand for everybody."""
    return {} if is_local(request) else {"address": hashed("limits", network(request))}


def _require(who: dict[str, str]) -> list[Count]:
    counts = _counted(who)
    if any(count.used > count.quota for count in counts):
        raise QuotaExceeded(counts)
    return counts


def _counted(who: dict[str, str]) -> list[Count]:
    quotas = settings.REQUEST_QUOTAS
    who = {policy: name for policy, name in who.items() if quotas[policy]}
    if not who:
        return []
    found = counter().count([f"{policy}:{name}" for policy, name in who.items()])
    return [Count(policy, quotas[policy], *seen) for policy, seen in zip(who, found, strict=True)]


# -- counting --------------------------------------------------------------------------------------------------------

Seen = list[tuple[int, float]]


class Counter(Protocol):
    def count(self, keys: Sequence[str]) -> Seen:
        """Counts one for each key: (how many in its window, seconds left of it)."""


class MemoryCounter:
    """Counts of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}

    def count(self, keys: Sequence[str]) -> Seen:
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
    """Counts of all processes; of this one alone while Redis cannot be asked."""

    def __init__(self, client: Any, prefix: str = "tidewire:limit:") -> None:
        self._client, self._prefix = client, prefix
        self._own, self._rests_until = MemoryCounter(), 0.0

    def count(self, keys: Sequence[str]) -> Seen:
        if time.monotonic() < self._rests_until:
            return self._own.count(keys)
        try:
            return self._ask(keys)
        except Exception as error:  # whatever it is, it must not be the request's affair
            self._rests_until = time.monotonic() + REST_SECONDS
            logger.warning("cannot count in Redis, counting here: %s", error)
            return self._own.count(keys)

    def _ask(self, keys: Sequence[str]) -> Seen:
        """One round trip. The window's key is made with its end, so that it never outlives it."""
        with self._client.pipeline(transaction=True) as pipe:
            for key in keys:
                pipe.set(self._prefix + key, 0, px=WINDOW_SECONDS * 1000, nx=True)
                pipe.incr(self._prefix + key)
                pipe.pttl(self._prefix + key)
            answers = pipe.execute()
        return [(answers[i + 1], max(0, answers[i + 2]) / 1000) for i in range(0, len(answers), 3)]


@cache
def counter() -> Counter:
    """Of this process. It connects when it is first asked."""
    if not settings.REDIS_URL:
        return MemoryCounter()
    import redis  # only the grown size has it installed

    address = settings.REDIS_URL.split(",")[0].strip()
    options = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
    return RedisCounter(redis.Redis.from_url(address, **options))
