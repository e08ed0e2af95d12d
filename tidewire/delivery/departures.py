"""Ends the subscriptions of a stream that had a transaction with too many events: their clients read anew.

A user whose access ended in that transaction is asked about first, and gets the code for that. All others are sent away
one after the other, so that they do not come back together.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Collection

from tidewire.declare.live import EVERYONE
from tidewire.delivery.log_reader import LogReader
from tidewire.delivery.replay import Replays
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.ground import metrics
from tidewire.ground.positions import Bulk
from tidewire.protocol.codes import Unsubscribe

logger = logging.getLogger(__name__)

PER_SECOND, MOST_SECONDS = 100.0, 10.0
RETRY_SECONDS = 1.0


class Departures:
    """The departures of all streams of a process."""

    def __init__(self, subscriptions: Subscriptions, reader: LogReader, replays: Replays, tasks: Tasks) -> None:
        self._subscriptions, self._reader, self._replays, self._tasks = subscriptions, reader, replays, tasks

    def begin(self, stream: str, subscriptions: list[Subscription], bulk: Bulk) -> None:
        """Closes these subscriptions at once, and ends them in the background. Readers of the log are not ended: they
        are sent all events from the log, at the rate at which they read."""
        leaving = [s for s in subscriptions if s.is_answered and s.is_shortened and not s.is_ended]
        for subscription in leaving:
            subscription.is_open, subscription.is_leaving = False, True
        for subscription in subscriptions:
            if subscription.is_answered and not subscription.is_shortened:
                subscription.is_open = False
                self._replays.proceed(subscription)
        metrics.shortened.labels(stream.partition(":")[0]).inc()
        self._tasks.start(self._end(stream, leaving, bulk.ends_access))

    async def _end(self, stream: str, leaving: list[Subscription], ends_access: Collection[str]) -> None:
        asked = [s for s in leaving if EVERYONE in ends_access or s.user_id in ends_access]
        for subscription in await self._without_access(stream, asked):
            self._subscriptions.end(subscription, Unsubscribe.SERVER)
        pause = min(1 / PER_SECOND, MOST_SECONDS / max(1, len(leaving)))
        for subscription in random.sample(leaving, len(leaving)):
            if not subscription.is_ended:
                self._subscriptions.end(subscription, Unsubscribe.STATE_INVALIDATED)
                await asyncio.sleep(pause)

    async def _without_access(self, stream: str, asked: list[Subscription]) -> list[Subscription]:
        """Returns those whose users may not read the stream any more. While the database cannot be asked all wait: they
        are sent nothing meanwhile."""
        while asked:
            try:
                readers = await self._reader.readers(stream, {s.user_id for s in asked})
                return [s for s in asked if s.user_id not in readers and not s.is_ended]
            except Exception as error:
                logger.warning("cannot ask for access, %d subscriptions wait: %s", len(asked), error)
                await asyncio.sleep(RETRY_SECONDS)
        return []
