"""Joins and leaves of clients that come and go, which cost every subscriber of the stream a frame.

The first few changes of a client are published at once. More are published at the rate of PER_SECOND, and only what is
still true then: of a client that joins and leaves a hundred times in a second, the subscribers see the last state.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from tidewire.ground.token_bucket import TokenBucket
from tidewire.layer.messages import PresenceChange
from tidewire.protocol.pushes import JoinPush, LeavePush

BURST, PER_SECOND = 4, 1.0
REMEMBER_SECONDS = 5.0
"""After this time without a change, a client that left has its burst again."""
MAX_REMEMBERED = 100_000

Key = tuple[str, str]
"""A stream and a client."""


@dataclass(slots=True)
class Toggle:
    """The recent changes of one client on one stream. `published` is the kind of change that subscribers saw last."""

    bucket: TokenBucket
    changed_at: float
    published: type[PresenceChange] = JoinPush
    pending: PresenceChange | None = None


class Toggles:
    """Calls `publish` with each change of presence, at once or later. Used from one event loop."""

    def __init__(self, publish: Callable[[str, PresenceChange], None]) -> None:
        self._publish = publish
        self._toggles: OrderedDict[Key, Toggle] = OrderedDict()  # by the time of the last change

    def __len__(self) -> int:
        return len(self._toggles)

    def change(self, stream: str, change: PresenceChange) -> None:
        """Takes in a join or a leave."""
        now, key = asyncio.get_running_loop().time(), (stream, change.info.client)
        toggle = self._toggles.get(key)
        if toggle is None:
            self._publish(stream, change)
            if isinstance(change, LeavePush):  # one that only joins is not remembered: a crowd does that
                bucket = TokenBucket(BURST, PER_SECOND, now)
                bucket.spend(now, 2)
                self._toggles[key] = Toggle(bucket, now, LeavePush)
                self._forget(now)
            return
        toggle.changed_at = now
        self._toggles.move_to_end(key)
        if toggle.pending is not None:
            toggle.pending = change
        elif toggle.bucket.take(now):
            toggle.published = type(change)
            self._publish(stream, change)
        else:
            toggle.pending = change
            asyncio.get_running_loop().call_later(toggle.bucket.wait(now), self._settle, stream, toggle)

    def _settle(self, stream: str, toggle: Toggle) -> None:
        """Publishes what has changed since the last publication, if anything has."""
        change, toggle.pending = toggle.pending, None
        if change is not None and type(change) is not toggle.published:
            toggle.bucket.spend(asyncio.get_running_loop().time())
            toggle.published = type(change)
            self._publish(stream, change)

    def _forget(self, now: float) -> None:
        """Forgets clients whose last change is long ago, and the oldest above MAX_REMEMBERED."""
        while self._toggles:
            oldest = next(iter(self._toggles))
            if len(self._toggles) <= MAX_REMEMBERED and self._toggles[oldest].changed_at > now - REMEMBER_SECONDS:
                break
            del self._toggles[oldest]
