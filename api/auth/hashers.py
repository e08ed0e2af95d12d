"""Password hashers with a bound on how many passwords are hashed at once.

Hashing a password takes a quarter of a second of processor time, and strangers may ask for it: when they sign in, and
when they register. So a process hashes at most PASSWORDS_AT_ONCE passwords at a time. A few more wait, of one network
only some of them, and the others are refused at once. The bound is in the hashers, so it holds for every view, the
admin's as well. A network that signed in to the account lately may wait in any case (`patiently`): strangers on many
machines fill the queue, and do not keep the owner out.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.contrib.auth import hashers
from rest_framework.exceptions import APIException

from api.auth.addresses import current_client

MAX_WAITING = 8
WAIT_SECONDS = 5.0
MAX_PER_NETWORK = 4
"""Passwords of one network that are hashed or wait. Not for this machine."""


class HashingBusy(APIException):
    """Too many passwords are being hashed. Nothing was compared and nothing was written."""

    status_code = 503
    default_code = "busy"
    default_detail = "Too many passwords are being checked. Please try again."
    wait = 1


_is_patient: ContextVar[bool] = ContextVar("api_is_patient", default=False)


@contextmanager
def patiently() -> Iterator[None]:
    """Inside the block, hashing waits for a place also when MAX_WAITING others do."""
    token = _is_patient.set(True)
    try:
        yield
    finally:
        _is_patient.reset(token)


class Places:
    """The places of one process in which passwords are hashed. Used from many threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = self._waiting = 0
        self._networks: Counter[str] = Counter()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Holds a place. Raises HashingBusy when there is none, or too many are one network's."""
        client = current_client()
        network = client.network if client and not client.is_local else ""
        with self._changed:
            self._take(network, None if client is None else WAIT_SECONDS)
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._leave(network)
                self._changed.notify_all()

    def _take(self, network: str, wait_seconds: float | None) -> None:
        is_full = self._is_full()
        has_queue = self._waiting < MAX_WAITING or _is_patient.get()
        if (network and self._networks[network] >= MAX_PER_NETWORK) or (is_full and not has_queue):
            raise HashingBusy()
        self._networks[network] += 1
        if is_full:
            self._waiting += 1
            is_free = self._changed.wait_for(lambda: not self._is_full(), wait_seconds)
            self._waiting -= 1
            if not is_free:
                self._leave(network)
                raise HashingBusy()
        self._running += 1

    def _is_full(self) -> bool:
        return self._running >= settings.PASSWORDS_AT_ONCE

    def _leave(self, network: str) -> None:
        self._networks[network] -= 1
        if not self._networks[network]:
            del self._networks[network]


places = Places()


class Bounded(hashers.BasePasswordHasher):
    """A mixin: hashing needs a place. Every comparison and every new password ends in `encode`."""

    def encode(self, password: str, salt: str, *args: Any, **kwargs: Any) -> str:
        with places.place():
            return super().encode(password, salt, *args, **kwargs)


class PBKDF2PasswordHasher(Bounded, hashers.PBKDF2PasswordHasher):
    pass


class PBKDF2SHA1PasswordHasher(Bounded, hashers.PBKDF2SHA1PasswordHasher):
    pass


class ScryptPasswordHasher(Bounded, hashers.ScryptPasswordHasher):
    pass
