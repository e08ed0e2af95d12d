"""How many WebSockets one process accepts, from which addresses, and how fast.

A refused handshake costs little and tells the client when to come back. An accepted socket that is served late costs as
much as one that is served well, so the refusal comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tidewire.ground.token_bucket import TokenBucket
from tidewire.http import lifecycle
from tidewire.http.addresses import is_loopback
from tidewire.http.problems import DRAINING, FULL, TOO_FAST, Problem


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of one process, from the settings in `ground/conf.py`. 0 is no limit.

    Loopback is exempt from the limits per address: such a connection comes from this machine itself, or from a proxy
    that TRUSTED_PROXIES does not count.
    """

    total: int
    per_address: int
    unidentified_per_address: int
    accepts_per_second: float
    accept_burst: float


class ConnectionLimiter:
    """Counts the open WebSockets of one process and says which handshakes to refuse.

    `unidentified(address)` returns how many sockets from there have not authenticated yet.
    """

    def __init__(self, limits: ConnectionLimits, unidentified: Callable[[str], int], now: float) -> None:
        self._limits, self._unidentified = limits, unidentified
        rate = limits.accepts_per_second
        self._bucket = TokenBucket(limits.accept_burst, rate, now) if rate else None
        self._per_address: Counter[str] = Counter()
        self.total = 0

    def refusal(self, address: str, now: float) -> Problem | None:
        """Returns why a socket from this address cannot be accepted now; None when it can.

        A None takes a token of ACCEPTS_PER_SECOND. The socket counts from `opened` on.
        """
        if lifecycle.is_draining():
            return DRAINING
        if 0 < self._limits.total <= self.total or self._is_address_full(address):
            return FULL
        if self._bucket is not None and not self._bucket.take(now):
            return TOO_FAST
        return None

    def opened(self, address: str) -> None:
        """Counts a socket that was accepted."""
        self.total += 1
        self._per_address[address] += 1

    def closed(self, address: str) -> None:
        """Forgets a socket that was counted by `opened`."""
        self.total -= 1
        self._per_address[address] -= 1
        if not self._per_address[address]:
            del self._per_address[address]

    def _is_address_full(self, address: str) -> bool:
        if not address or is_loopback(address):
            return False
        limits = self._limits
        if 0 < limits.per_address <= self._per_address[address]:
            return True
        return 0 < limits.unidentified_per_address <= self._unidentified(address)
