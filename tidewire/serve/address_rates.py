"""A rate for each network from which clients come, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict

from tidewire.ground.token_bucket import TokenBucket

MAX_NETWORKS = 10_000
"""Networks that are remembered: about 2 MB. The one that was seen least recently is forgotten first. It begins with a
full bucket when it comes again, as one that has been quiet would."""


class AddressRates:
    """Allows each network `burst` actions at once and `per_second` in the long run; `per_second` 0 is no limit."""

    def __init__(self, burst: float, per_second: float, max_networks: int = MAX_NETWORKS) -> None:
        self._burst, self._per_second, self._max_networks = burst, per_second, max_networks
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, network: str, now: float, count: int = 1) -> bool:
        """Takes tokens of this network. Returns False where there is none; more than there are leave a debt."""
        if not self._per_second:
            return True
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = self._buckets[network] = TokenBucket(self._burst, self._per_second, now)
            if len(self._buckets) > self._max_networks:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(network)
        return bucket.take(now, count)
