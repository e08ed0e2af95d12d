"""Asks again whether users may still read a stream, and goes on with their subscriptions or ends them.

An event that may end a user's access suspends the user's subscription at that event. Beside that there is a slow audit
of all subscriptions, for access that ended without an event, for example by a change made directly in the database.
"""

from __future__ import annotations

import asyncio
import logging

from tidewire.delivery.log_reader import LogReader
from tidewire.delivery.replay import Replays
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.protocol.codes import Unsubscribe

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class AccessRechecks:
    """The rechecks of all subscriptions of a process."""

    def __init__(self, subscriptions: Subscriptions, reader: LogReader, replays: Replays, tasks: Tasks) -> None:
        self._subscriptions, self._reader, self._replays, self._tasks = subscriptions, reader, replays, tasks

    def begin(self, stream: str, suspended: list[Subscription]) -> None:
        """Asks for the access of these suspended subscriptions of one stream, in the background."""
        self._tasks.start(self._recheck(stream, suspended))

    async def _recheck(self, stream: str, suspended: list[Subscription]) -> None:
        """Asks about all of them in one query. While the database cannot be asked, they stay suspended."""
        while suspended := [s for s in suspended if s.suspensions and not s.is_ended]:
            suspensions_before = [s.suspensions for s in suspended]
            try:
                readers = await self._reader.readers(stream, {s.user_id for s in suspended})
            except Exception as error:
                logger.warning("cannot ask for access, delivery to %d subscriptions waits: %s", len(suspended), error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for subscription, before in zip(suspended, suspensions_before, strict=True):
                if subscription.is_ended:
                    continue
                if subscription.user_id not in readers:
                    self._subscriptions.end(subscription, Unsubscribe.SERVER)
                elif subscription.suspensions == before:  # otherwise it was suspended again and is asked about again
                    subscription.suspensions = 0
                    if subscription.is_answered:
                        self._replays.proceed(subscription)

    async def audit(self, seconds: float) -> None:
        """Asks about every subscription once in `seconds`, one stream after the other; until cancelled."""
        while True:
            streams = self._subscriptions.streams()
            for stream in streams:
                await asyncio.sleep(seconds / len(streams))
                await self._audit_stream(stream)
            if not streams:
                await asyncio.sleep(seconds)

    async def _audit_stream(self, stream: str) -> None:
        state = self._subscriptions.state(stream)
        subscriptions = state.all_subscriptions() if state else []
        if not subscriptions:
            return
        try:
            readers = await self._reader.readers(stream, {s.user_id for s in subscriptions})
        except Exception as error:
            logger.warning("cannot audit access: %s", error)
            return
        for subscription in subscriptions:
            if subscription.user_id not in readers and subscription.is_answered:
                self._subscriptions.end(subscription, Unsubscribe.SERVER)
