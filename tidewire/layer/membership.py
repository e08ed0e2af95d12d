"""Keeps the hub's one mailbox in the groups of the streams that are watched here.

One task joins and leaves, in order, so that a stream left and watched again at once cannot end up outside its group. A
layer that fails is tried again; meanwhile the poll delivers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any

from tidewire.ground import streams

logger = logging.getLogger(__name__)

CALL_SECONDS = 0.5
RETRY_SECONDS = 1.0


class Membership:
    """Group membership of one mailbox."""

    def __init__(self, layer: Any, mailbox: str = "") -> None:
        self._layer, self.mailbox = layer, mailbox
        self._wanted: set[str] = set()
        self._joined: set[str] = set()
        self._changed: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self.is_failing = False

    def watch(self, name: str) -> None:
        self._wanted.add(name)
        self._change(name)

    def unwatch(self, name: str) -> None:
        self._wanted.discard(name)
        self._change(name)

    def rejoin(self) -> None:
        """Joins everything again: layers forget groups (after a day, or with a message that expired)."""
        self._joined.clear()
        for name in self._wanted:
            self._change(name)

    async def joined(self, names: Collection[str], seconds: float) -> None:
        """Waits until these groups are joined, but not long: what is missed meanwhile is found by the poll."""
        if self.is_failing or self._joined.issuperset(names):
            return
        try:
            async with asyncio.timeout(seconds), self._progress:
                await self._progress.wait_for(lambda: self.is_failing or self._joined.issuperset(names))
        except TimeoutError:
            pass

    async def run(self) -> None:
        """Brings the layer in line with what is wanted, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changed:
                await self._settle(next(iter(self._changed)))
            async with self._progress:
                self._progress.notify_all()

    def _change(self, name: str) -> None:
        self._changed[name] = None
        self._wake.set()

    async def _settle(self, name: str) -> None:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                await self._call(name)
        except Exception as error:
            if not self.is_failing:
                logger.warning("cannot join groups of the channel layer: %s", error or type(error).__name__)
            self.is_failing = True
            if name in self._changed:  # of several hosts one may be away: the others' groups come first, next time
                self._changed[name] = self._changed.pop(name)
            async with self._progress:
                self._progress.notify_all()
            await asyncio.sleep(RETRY_SECONDS)
        else:
            self.is_failing = False

    async def _call(self, name: str) -> None:
        is_wanted = name in self._wanted
        if is_wanted and name not in self._joined:
            await self._layer.group_add(streams.group(name), self.mailbox)
            self._joined.add(name)
        elif not is_wanted and name in self._joined:
            await self._layer.group_discard(streams.group(name), self.mailbox)
            self._joined.discard(name)
        if is_wanted == (name in self._wanted):
            self._changed.pop(name, None)
