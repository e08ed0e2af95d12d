"""A token bucket: a rate with bursts."""

from __future__ import annotations


class TokenBucket:
    """Allows `burst` actions at once, and `per_second` in the long run. `now` is in seconds, of any steady clock."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst, self._per_second = burst, per_second
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Takes one token. Returns False when there is none."""
        self._refill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait(self, now: float) -> float:
        """Returns the seconds until there is a token to take."""
        self._refill(now)
        return max(0.0, (1 - self._left) / self._per_second)

    def _refill(self, now: float) -> None:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
