"""A token bucket: a rate with bursts; and the two that bound what a client sends."""

from __future__ import annotations

from typing import NamedTuple


class TokenBucket:
    """Allows `burst` actions at once, and `per_second` in the long run. `now` is in seconds, of any steady clock."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._at = burst, now

    def take(self, now: float, count: int = 1) -> bool:
        """Takes tokens. Returns False, and takes none, when there is not even one.

        More may be taken than are there: the bucket is then in debt, and the next one waits until that is refilled. So
        a large message is answered whole, and the rate holds in the long run.
        """
        self._refill(now)
        if self._left < 1:
            return False
        self._left -= count
        return True

    def wait(self, now: float) -> float:
        """Returns the seconds until there is a token to take."""
        self._refill(now)
        return max(0.0, (1 - self._left) / self._per_second)

    def _refill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now


class Cost(NamedTuple):
    """What a client's message costs: subscribes are counted apart from everything else."""

    commands: int = 1
    subscribes: int = 0


class ClientRate:
    """How much a client may send: commands at one rate, subscribes at another.

    A client that comes back subscribes to all its streams at once, as many as it is allowed, and some SDKs do it in one
    message each. So the burst of subscribes is as large as that.
    """

    __slots__ = ("commands", "subscribes")

    def __init__(self, commands: TokenBucket, subscribes: TokenBucket) -> None:
        self.commands, self.subscribes = commands, subscribes

    def wait(self, cost: Cost, now: float) -> float:
        """Returns the seconds until a message of this cost may be answered."""
        waits = (bucket.wait(now) for bucket, count in self._needed(cost) if count)
        return max(waits, default=0.0)

    def take(self, cost: Cost, now: float) -> None:
        """Counts a message. To be called when `wait` returned 0."""
        for bucket, count in self._needed(cost):
            if count:
                bucket.take(now, count)

    def _needed(self, cost: Cost) -> tuple[tuple[TokenBucket, int], ...]:
        return ((self.commands, cost.commands), (self.subscribes, cost.subscribes))
