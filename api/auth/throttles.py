"""Bounds on guessing passwords.

An attempt is counted before the password is compared, so that many requests at once do not get past the bound, and is
taken back when the password was right. Keys are stored as keyed hashes: the table shows neither addresses nor accounts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled

from api.auth.addresses import AnyRequest, network_of
from api.models import Attempts

WINDOW_SECONDS = 60
PER_ACCOUNT = 5
PER_ADDRESS = 20


@contextmanager
def guessing(request: AnyRequest, account: str) -> Iterator[None]:
    """Surrounds the comparison of a password of `account`. Raises Throttled before it, when there were too many.

    The attempt stays counted when the block raises.
    """
    bounds = {
        hashed("account", account.strip().lower()): PER_ACCOUNT,
        hashed("address", network_of(request)): PER_ADDRESS,
    }
    counted = Attempts.add(bounds, WINDOW_SECONDS)
    waits = [left for key, (count, left) in counted.items() if count > bounds[key]]
    if waits:
        raise Throttled(math.ceil(max(waits)) or 1)
    yield
    Attempts.take_back(bounds)


def hashed(kind: str, value: str) -> str:
    """Returns a hash of `value` that only this server can make. Equal values of different kinds have other hashes."""
    return salted_hmac(f"api.throttles.{kind}", value, algorithm="sha256").hexdigest()
