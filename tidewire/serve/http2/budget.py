"""How many frames a client may send beyond those that its requests and answers need, and how many requests it may
cancel."""

from __future__ import annotations

from h2.errors import ErrorCodes

from tidewire.ground.token_bucket import TokenBucket
from tidewire.serve.address_rates import AddressRates
from tidewire.serve.http2.frames import DATA, ConnectionFailedError, Frame

FRAME_BURST, FRAMES_PER_SECOND = 500, 50
"""Of one connection: settings, pings, priorities, window updates, empty and tiny pieces of bodies, anything unknown."""

EARNED_PER_FRAME = 3
"""Frames that a client may send for each one of its answers: two window updates, and a ping."""

MAX_EARNED = 1000

SMALL_DATA_BYTES = 256
"""A piece of a body below this counts as a frame. Larger ones are counted as bytes, by the limits of bodies."""

RESET_BURST, RESETS_PER_SECOND = 100, 10
"""Requests of one connection that are cancelled, or that the client makes us cancel, before they are answered."""

ADDRESS_FRAME_BURST, ADDRESS_FRAMES_PER_SECOND = 5000, 500
"""The same of all connections of one address, so that a new connection is no new budget."""

RESET_COST = 20
"""What a cancelled request costs of that, in frames."""


def address_rates() -> AddressRates:
    """Returns the budgets of all addresses of one process."""
    return AddressRates(ADDRESS_FRAME_BURST, ADDRESS_FRAMES_PER_SECOND)


class Budget:
    """The budget of one connection. `network` is the client's, None where it is not counted by address."""

    def __init__(self, network: str | None, shared: AddressRates, now: float) -> None:
        self._network, self._shared = network, shared
        self._frames = TokenBucket(FRAME_BURST, FRAMES_PER_SECOND, now)
        self._resets = TokenBucket(RESET_BURST, RESETS_PER_SECOND, now)
        self._earned = 0

    def earn(self) -> None:
        """A frame of an answer was sent."""
        self._earned = min(MAX_EARNED, self._earned + EARNED_PER_FRAME)

    def spend_frame(self, frame: Frame, now: float) -> None:
        """Counts a frame. Raises ConnectionFailedError where there is no budget for it."""
        if frame.type == DATA and frame.length >= SMALL_DATA_BYTES:
            return
        if self._earned:
            self._earned -= 1
        elif not self._frames.take(now) or not self._take_shared(1, now):
            raise ConnectionFailedError(ErrorCodes.ENHANCE_YOUR_CALM, "too many frames", "h2_frames")

    def spend_reset(self, now: float) -> None:
        """Counts a request that was cancelled before it was answered. Raises ConnectionFailedError likewise."""
        if not self._resets.take(now) or not self._take_shared(RESET_COST, now):
            raise ConnectionFailedError(ErrorCodes.ENHANCE_YOUR_CALM, "too many cancelled requests", "h2_resets")

    def _take_shared(self, count: int, now: float) -> bool:
        return self._network is None or self._shared.take(self._network, now, count)
