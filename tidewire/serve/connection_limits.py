"""How many WebSockets one process accepts, from which addresses, and how fast.

A refused handshake costs little and tells the client when to come back. An accepted socket that is served late costs as
much as one that is served well, so the refusal comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tidewire.delivery.connections import Connections
from tidewire.ground.networks import is_loopback, network_of
from tidewire.ground.token_bucket import TokenBucket
from tidewire.http import lifecycle
from tidewire.http.problems import DRAINING, FULL, TOO_FAST, Problem
from tidewire.serve.address_rates import AddressRates


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of one process, from the settings in `ground/conf.py`. 0 is no limit, except for `total`.

    "Per address" means per network (`network_of`). Loopback is exempt: such a connection comes from this machine
    itself, because what a proxy has forwarded never counts as loopback.
    """

    total: int
    per_address: int
    unidentified_per_address: int
    accepts_per_second: float
    accept_burst: float
    address_accepts_per_second: float
    address_accept_burst: float


class ConnectionLimiter:
    """Counts the open WebSockets of one process and says which handshakes to refuse.

    `connections` returns the engine's: they say how many of an address have not authenticated yet, and count responses
    that stay open, which take the same places. Each network has a rate of its own, in front of the rate of all: one
    that comes too fast leaves the others their part.
    """

    def __init__(self, limits: ConnectionLimits, connections: Callable[[], Connections], now: float) -> None:
        self._limits, self._connections = limits, connections
        rate = limits.accepts_per_second
        self._bucket = TokenBucket(limits.accept_burst, rate, now) if rate else None
        self._rates = AddressRates(limits.address_accept_burst, limits.address_accepts_per_second)
        self._per_address: Counter[str] = Counter()
        self.total = 0

    def refusal(self, address: str, now: float) -> Problem | None:
        """Returns why a socket from this address cannot be accepted now; None when it can.

        A None takes a token of ACCEPTS_PER_SECOND, and one of the address. The socket counts from `opened` on.
        """
        if lifecycle.is_leaving():
            return DRAINING
        network, is_local = network_of(address), is_loopback(address)
        if max(self.total, len(self._connections())) >= self._limits.total or (not is_local and self._is_full(network)):
            return FULL
        if not is_local and not self._rates.take(network, now):
            return TOO_FAST
        if self._bucket is not None and not self._bucket.take(now):
            return TOO_FAST
        return None

    def opened(self, address: str) -> None:
        """Counts a socket that was accepted."""
        self.total += 1
        self._per_address[network_of(address)] += 1

    def closed(self, address: str) -> None:
        """Forgets a socket that was counted by `opened`."""
        self.total -= 1
        network = network_of(address)
        self._per_address[network] -= 1
        if not self._per_address[network]:
            del self._per_address[network]

    def _is_full(self, network: str) -> bool:
        limits = self._limits
        if 0 < limits.per_address <= self._per_address[network]:
            return True
        return 0 < limits.unidentified_per_address <= self._connections().unidentified(network)
