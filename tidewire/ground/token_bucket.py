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
        if self.left(now) < 1:
            return False
        self._left -= count
        return True

    def spend(self, now: float, count: int = 1) -> None:
        """Takes tokens, whether they are there or not. A negative count puts some back."""
        self._left = min(self._burst, self.left(now) - count)

    def left(self, now: float) -> float:
        """Returns how many tokens are there now; below 0 it is a debt."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        return self._left

    def wait(self, now: float) -> float:
        """Returns the seconds until there is a token to take."""
        return max(0.0, (1 - self.left(now)) / self._per_second)


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

    def spend(self, cost: Cost, now: float) -> None:
        """Counts a message, whether the rate allows it or not."""
        for bucket, count in self._needed(cost):
            bucket.spend(now, count)

    def _needed(self, cost: Cost) -> tuple[tuple[TokenBucket, int], ...]:
        return ((self.commands, cost.commands), (self.subscribes, cost.subscribes))
