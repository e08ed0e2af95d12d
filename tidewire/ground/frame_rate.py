"""How many WebSocket frames one client may send, of any kind, from the first byte on.

A ping or an empty fragment costs its sender six bytes and the server as much as a short message. So frames are counted
where they arrive, whatever they hold: those of one socket, and with them those of its address until the client has sent
a credential, and those of its account from then on.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from tidewire.ground.token_bucket import TokenBucket

COUNTED_BYTES = 8 * 1024
"""A longer frame counts once more for each of these. So a rate of frames bounds the bytes, too."""
FREE_FRAMES = 8
"""Of each socket, not counted for its address: a client whose address has used up its share can still connect."""
SHARED = 4
"""All sockets of an address or an account together may send this many times what one of them may send."""
MAX_ADDRESSES = 10_000


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """Frames of one socket: `burst` at once and `per_second` in the long run; more wait. A socket that sends so much
    for `flood_seconds` without a pause is closed."""

    burst: int
    per_second: float
    flood_seconds: float = 5.0

    def shared(self, now: float, burst: float = 0.0) -> TokenBucket:
        """Returns the bucket of several sockets together."""
        return TokenBucket(burst or SHARED * self.burst, SHARED * self.per_second, now)


class FrameRate:
    """The frames of one socket. `now` is in seconds, of any steady clock."""

    __slots__ = ("_free", "_limits", "_own", "_shared", "_short_since", "on_share")

    def __init__(self, limits: FrameLimits, shared: TokenBucket | None, now: float) -> None:
        self._limits, self._shared, self._free = limits, shared, FREE_FRAMES
        self._own = TokenBucket(limits.burst, limits.per_second, now)
        self._short_since: float | None = None
        self.on_share: Callable[[], None] | None = None  # called when another bucket counts: one need not wait any more

    def share(self, bucket: TokenBucket) -> None:
        """Counts the frames with those of an account from now on, in place of those of an address."""
        self._shared, self._free = bucket, 0
        if self.on_share is not None:
            self.on_share()

    def spend(self, size: int, now: float) -> None:
        """Counts one frame with a payload of `size` bytes."""
        count = 1 + size // COUNTED_BYTES
        self._own.spend(now, count)
        if self._free > 0:
            self._free -= 1
        elif self._shared is not None:
            self._shared.spend(now, count)

    def give_back(self, now: float) -> None:
        """Takes back one frame: the answer to a ping, which the server has asked for."""
        self._own.spend(now, -1)
        if self._shared is not None:
            self._shared.spend(now, -1)

    def wait(self, now: float) -> float:
        """Returns the seconds until another frame may be read."""
        own = self._own.wait(now)
        if own and self._short_since is None:
            self._short_since = now
        elif self._short_since is not None and self._own.left(now) > self._limits.burst / 2:
            self._short_since = None
        return own if self._shared is None or self._free else max(own, self._shared.wait(now))

    def is_flooded(self, now: float) -> bool:
        """Returns whether the client has sent too much for too long."""
        return self._short_since is not None and now - self._short_since > self._limits.flood_seconds


class AddressFrames:
    """The frames of the sockets without a credential, by address. An address that comes back meets its old bucket."""

    def __init__(self, limits: FrameLimits) -> None:
        self._limits = limits
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def bucket(self, address: str, now: float) -> TokenBucket | None:
        """Returns the bucket of an address; None for an unknown one. Above MAX_ADDRESSES the one that was used longest
        ago is forgotten."""
        if not address:
            return None
        bucket = self._buckets.pop(address, None) or self._limits.shared(now)
        self._buckets[address] = bucket
        if len(self._buckets) > MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket
