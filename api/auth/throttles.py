"""Bounds on guessing passwords, the same for every door: the API, the admin, the change of a password.

`User.check_password` is the only place that compares a password, and it calls `begin` first. Three counts apply:

- *Account and network.* After PER_ACCOUNT wrong passwords the next attempt waits, and each wrong one after it doubles
  the wait. So a stranger keeps no owner out who comes from another network.
- *Network.* PER_ADDRESS wrong passwords a minute, for all accounts together.
- *Account.* PER_ACCOUNT_EVERYWHERE wrong passwords an hour from all networks, against many machines at once.

A network from which the account was signed in to lately (`KnownNetwork`) is held to the first count only. An account
that does not exist is counted like any other.

An attempt is counted before the password is compared, so that many requests at once do not get past the bound, and is
taken back when the password was right. Keys are stored as keyed hashes: the store shows neither addresses nor accounts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled

from api.auth import request_counters
from api.auth.addresses import current_client
from api.models.known_networks import KnownNetwork

PER_ACCOUNT = 5
FIRST_DELAY_SECONDS = 15.0
MAX_DELAY_SECONDS = 900.0
PER_ADDRESS = 20
ADDRESS_SECONDS = 60.0
PER_ACCOUNT_EVERYWHERE = 100
ACCOUNT_SECONDS = 3600.0


@dataclass(slots=True)
class Attempt:
    """One attempt at a password, which is counted. `network` is "" outside of requests, where nothing is counted."""

    network: str = ""
    counted: dict[str, float] = field(default_factory=dict)
    """{key: seconds of its window}"""
    hold: str = ""

    def take_back(self) -> None:
        """Makes it as if there had been no attempt: the password was right, or could not be compared."""
        counter = request_counters.counter()
        for key, seconds in self.counted.items():
            counter.count([key], -1, seconds)
        if self.hold:
            counter.release(self.hold)


def begin(email: str) -> Attempt:
    """Counts an attempt at the password of an account. Raises Throttled when there were too many wrong ones."""
    client = current_client()
    if client is None:  # a command or a shell, which no client reaches
        return Attempt()
    account = email.strip().lower()
    pair = hashed("account and network", f"{account} {client.network}")
    counter = request_counters.counter()
    if wait := counter.seconds_left(pair):
        raise _throttled(wait)
    everywhere, address = hashed("account", account), hashed("address", client.network)
    windows = {pair: ACCOUNT_SECONDS, everywhere: ACCOUNT_SECONDS, address: ADDRESS_SECONDS}
    attempt = Attempt(hashed("network", client.network), windows)
    (wrong, _), everywhere_count = counter.count([pair, everywhere], 1, ACCOUNT_SECONDS)
    (address_count,) = counter.count([address], 1, ADDRESS_SECONDS)
    bounded = ((everywhere_count, PER_ACCOUNT_EVERYWHERE), (address_count, PER_ADDRESS))
    waits = [left for (count, left), bound in bounded if count > bound]
    if waits and not KnownNetwork.objects.is_known(account, attempt.network):
        attempt.take_back()
        raise _throttled(max(waits))
    if wrong >= PER_ACCOUNT:
        if wait := counter.hold(pair, delay(wrong)):  # another request was a moment earlier
            attempt.take_back()
            raise _throttled(wait)
        attempt.hold = pair
    return attempt


def delay(wrong: int) -> float:
    """Returns how many seconds must lie between the attempt of this number and the next one."""
    return min(MAX_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(wrong - PER_ACCOUNT, 10))


def _throttled(seconds: float) -> Throttled:
    return Throttled(math.ceil(seconds) or 1)


def hashed(kind: str, value: str) -> str:
    """Returns a hash of `value` that only this server can make. Equal values of different kinds have other hashes."""
    return salted_hmac(f"api.throttles.{kind}", value, algorithm="sha256").hexdigest()
