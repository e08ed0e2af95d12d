"""Access in doubt: the gate is shut at the event that may have ended it; ask again, then go on or end.

Beside the fences there is a slow audit of all subscriptions: a net for access that ended without an event (somebody
changed the database by hand).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from typing import Protocol

from tidewire.delivery.hub import Hub
from tidewire.delivery.subscription import Subscription
from tidewire.protocol.codes import Unsubscribe

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class AccessReader(Protocol):
    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]: ...


class AccessRechecks:
    """`proceed` goes on with a subscription whose access was confirmed."""

    def __init__(self, hub: Hub, reader: AccessReader, proceed: Callable[[Subscription], None]) -> None:
        self._hub, self._reader, self._proceed = hub, reader, proceed

    async def recheck(self, stream: str, suspended: list[Subscription]) -> None:
        """Asks about all of them at once. Shut gates stay shut while the database cannot be asked."""
        while suspended := [s for s in suspended if s.suspensions and not s.is_ended]:
            seen = [s.suspensions for s in suspended]
            try:
                readers = await self._reader.readers(stream, {s.user_id for s in suspended})
            except Exception as error:
                logger.warning("cannot ask for access, delivery to %d subscriptions waits: %s", len(suspended), error)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for subscription, suspensions in zip(suspended, seen, strict=True):
                self._settle(subscription, suspensions, subscription.user_id in readers)

    async def audit(self, seconds: float) -> None:
        """Asks about every subscription, a stream at a time, spread over the interval; until cancelled."""
        while True:
            streams = self._hub.streams()
            for stream in streams:
                await asyncio.sleep(seconds / len(streams))
                await self._audit_stream(stream)
            if not streams:
                await asyncio.sleep(seconds)

    def _settle(self, subscription: Subscription, suspensions: int, is_reader: bool) -> None:
        if subscription.is_ended:
            return
        if not is_reader:
            self._hub.end(subscription, Unsubscribe.SERVER)
        elif subscription.suspensions == suspensions:  # otherwise another fence fell meanwhile: it is asked for again
            subscription.suspensions = 0
            if subscription.is_answered:
                self._proceed(subscription)

    async def _audit_stream(self, stream: str) -> None:
        state = self._hub.state(stream)
        subscriptions = list(state.everyone()) if state else []
        if not subscriptions:
            return
        try:
            readers = await self._reader.readers(stream, {s.user_id for s in subscriptions})
        except Exception as error:
            logger.warning("cannot audit access: %s", error)
            return
        for subscription in subscriptions:
            if subscription.user_id not in readers and subscription.is_answered:
                self._hub.end(subscription, Unsubscribe.SERVER)
