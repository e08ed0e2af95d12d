"""How often a password may be guessed.

An attempt is counted before the password is looked at, so that many at once do not slip through, and is taken back when
it was right. Keys are stored as keyed hashes: the table knows neither addresses nor who exists.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled

from api.models import Attempts

WINDOW_SECONDS = 60
PER_ACCOUNT = 5
PER_ADDRESS = 20


@contextmanager
def guessing(request: Any, account: str) -> Iterator[None]:
    """Surrounds the check of a password. Raises Throttled; what the block raises stays counted."""
    bounds = {hashed("account", account.strip().lower()): PER_ACCOUNT, hashed("address", network(request)): PER_ADDRESS}
    counted = Attempts.add(bounds, WINDOW_SECONDS)
    waits = [left for key, (count, left) in counted.items() if count > bounds[key]]
    if waits:
        raise Throttled(math.ceil(max(waits)) or 1)
    yield
    Attempts.take_back(bounds)


def network(request: Any) -> str:
    """Where a request comes from. Of IPv6, who has one address has its /64."""
    text = address_of(request)
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def address_of(request: Any) -> str:
    """The client's own address: what proxies say of it was resolved, or refused, before."""
    return str(request.META.get("REMOTE_ADDR") or "")[:45]


def is_local(request: Any) -> bool:
    """Whether it comes from this machine."""
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False


def hashed(kind: str, value: str) -> str:
    return salted_hmac(f"api.throttles.{kind}", value, algorithm="sha256").hexdigest()
