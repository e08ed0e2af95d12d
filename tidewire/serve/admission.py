"""How many sockets one process takes, from whom, and how fast.

A refused handshake costs little and says when to come back; a socket that was taken in and is served late costs as much
as one that is served well. Loopback is free of the caps per address: what comes from there is this machine itself, or a
proxy that was not declared.
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
class Caps:
    """See conf.DEFAULTS. 0 is no cap."""

    sockets: int
    per_address: int
    strangers_per_address: int
    per_second: float
    burst: float


class Admission:
    """`strangers(address)`: sockets from there that have not said who they are."""

    def __init__(self, caps: Caps, unidentified: Callable[[str], int], now: float) -> None:
        self._caps, self._unidentified = caps, unidentified
        self._bucket = TokenBucket(caps.burst, caps.per_second, now) if caps.per_second else None
        self._addresses: Counter[str] = Counter()
        self.count = 0

    @property
    def is_full(self) -> bool:
        return 0 < self._caps.sockets <= self.count

    def refusal(self, address: str, now: float) -> Problem | None:
        """Why a socket from this address cannot be taken now; None when it can."""
        if lifecycle.is_draining():
            return DRAINING
        if self.is_full or self._is_over(address):
            return FULL
        if self._bucket is not None and not self._bucket.take(now):
            return TOO_FAST
        return None

    def enter(self, address: str) -> None:
        self.count += 1
        self._addresses[address] += 1

    def leave(self, address: str) -> None:
        self.count -= 1
        self._addresses[address] -= 1
        if not self._addresses[address]:
            del self._addresses[address]

    def _is_over(self, address: str) -> bool:
        if not address or is_loopback(address):
            return False
        caps = self._caps
        return 0 < caps.per_address <= self._addresses[address] or 0 < caps.strangers_per_address <= self._unidentified(
            address
        )
