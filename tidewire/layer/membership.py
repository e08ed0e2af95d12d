"""Keeps the mailbox of this process in the groups of the streams that have local subscriptions.

One task joins and leaves groups, in order, so that a stream that is left and subscribed to again at once cannot end up
outside its group. When the layer fails, the task tries again; meanwhile the poll delivers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection

from channels.layers import BaseChannelLayer

from tidewire.ground import streams

logger = logging.getLogger(__name__)

CALL_SECONDS = 0.5
RETRY_SECONDS = 1.0
LEAVE_SECONDS = 5.0
"""So long a group outlives its last subscription here: a client that comes back at once costs the layer nothing."""


class Membership:
    """Group membership of one mailbox."""

    def __init__(self, layer: BaseChannelLayer) -> None:
        self._layer = layer
        self._subscribed: set[str] = set()
        self._joined: set[str] = set()
        self._changed: dict[str, None] = {}  # streams whose group is to be joined or left, in order
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self.is_failing = False

    def watch(self, stream: str) -> None:
        self._subscribed.add(stream)
        self._change(stream)

    def unwatch(self, stream: str) -> None:
        self._subscribed.discard(stream)
        asyncio.get_running_loop().call_later(LEAVE_SECONDS, self._change, stream)

    def rejoin(self) -> None:
        """Joins all groups again, because layers forget them (after a day, or when a message has expired)."""
        self._joined.clear()
        for stream in self._subscribed:
            self._change(stream)

    async def joined(self, names: Collection[str], seconds: float) -> None:
        """Waits until the groups of these streams are joined, at most for `seconds`: the poll finds what is missed
        meanwhile. Does not wait while the layer fails."""
        if self.is_failing or self._joined.issuperset(names):
            return
        try:
            async with asyncio.timeout(seconds), self._progress:
                await self._progress.wait_for(lambda: self.is_failing or self._joined.issuperset(names))
        except TimeoutError:
            pass

    async def run(self, mailbox: str) -> None:
        """Joins and leaves groups with this mailbox, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changed:
                await self._update(next(iter(self._changed)), mailbox)
            async with self._progress:
                self._progress.notify_all()

    def _change(self, stream: str) -> None:
        self._changed[stream] = None
        self._wake.set()

    async def _update(self, stream: str, mailbox: str) -> None:
        """Joins or leaves one group. After a failure waits for RETRY_SECONDS."""
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._join_or_leave(stream, mailbox)
        except Exception as error:
            if not self.is_failing:
                logger.warning("cannot join groups of the channel layer: %s", error or type(error).__name__)
            self.is_failing = True
            if stream in self._changed:  # one of several hosts may be away: the groups of the others come first now
                self._changed[stream] = self._changed.pop(stream)
            async with self._progress:
                self._progress.notify_all()
            await asyncio.sleep(RETRY_SECONDS)
        else:
            self.is_failing = False

    async def _join_or_leave(self, stream: str, mailbox: str) -> None:
        is_subscribed = stream in self._subscribed
        if is_subscribed and stream not in self._joined:
            await self._layer.group_add(streams.group(stream), mailbox)
            self._joined.add(stream)
        elif not is_subscribed and stream in self._joined:
            await self._layer.group_discard(streams.group(stream), mailbox)
            self._joined.discard(stream)
        if is_subscribed == (stream in self._subscribed):  # otherwise it has changed meanwhile and is done again
            self._changed.pop(stream, None)
