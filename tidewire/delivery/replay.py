"""Replays events from the log to a subscription until it has reached the hub, then opens it.

There is no buffer between history and live events. A closed subscription skips live events and is sent pages of the log
until its position is the hub's position for the stream; in that same synchronous step it opens. A replay never goes
beyond the hub's position, so it cannot pass an event that ends the reader's access.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque

from tidewire.delivery.pages import Pages
from tidewire.delivery.send_queue import SendQueue
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.ground import metrics
from tidewire.ground.positions import Entries
from tidewire.protocol.codes import Unsubscribe

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0


class Replays:
    """The replays of all connections of a process. Each connection has one task for all its streams, which are sent a
    page in turn and share the room in its send queue."""

    def __init__(self, subscriptions: Subscriptions, pages: Pages, tasks: Tasks) -> None:
        self._subscriptions, self._pages, self._tasks = subscriptions, pages, tasks
        self._waiting: dict[SendQueue, deque[Subscription]] = {}

    def proceed(self, subscription: Subscription) -> None:
        """Opens a subscription, or replays to it in the background until it can be opened. Called in the synchronous
        step in which the client's reply was enqueued, or access was confirmed."""
        subscription.is_answered = True
        if subscription.is_ended or subscription.is_leaving or self._open(subscription):
            return
        queue = self._waiting.get(subscription.send_queue)
        if queue is None:
            queue = self._waiting[subscription.send_queue] = deque()
            self._tasks.start(self._replay(subscription.send_queue, queue))
        if subscription not in queue:
            queue.append(subscription)

    def _open(self, subscription: Subscription) -> bool:
        """Opens a subscription that has reached the hub; returns whether it did."""
        state = self._subscriptions.state(subscription.stream)
        if state is None or not state.is_known or subscription.suspensions or subscription.offset < state.offset:
            return False
        subscription.is_open = True
        return True

    async def _replay(self, send_queue: SendQueue, queue: deque[Subscription]) -> None:
        try:
            while queue:
                subscription = queue.popleft()
                if subscription.is_leaving or subscription.is_ended:
                    continue
                if subscription.suspensions or self._open(subscription):
                    continue  # a suspended one comes back to `proceed` when its access was confirmed
                await self._replay_page(subscription)
                queue.append(subscription)
        finally:
            del self._waiting[send_queue]

    async def _replay_page(self, subscription: Subscription) -> None:
        await subscription.send_queue.wait_for_room()
        state = self._subscriptions.state(subscription.stream)
        if subscription.is_ended or state is None:
            return
        try:
            page = await self._pages.read(state, subscription.offset)
        except Exception as error:
            logger.warning("cannot replay, will be tried again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        if subscription.is_ended or subscription.is_leaving or subscription.suspensions or subscription.is_open:
            return
        entries = page.entries.up_to(state.offset)
        if entries and entries[0].offset == subscription.offset + 1:
            for entry, frame in zip(entries, self._frames(subscription, entries), strict=True):
                subscription.replay(entry.offset, frame)
            metrics.recovered_events.inc(len(entries))
        elif subscription.offset < state.offset:  # the events after its position were pruned meanwhile
            self._subscriptions.end(subscription, Unsubscribe.INSUFFICIENT_STATE)

    @staticmethod
    def _frames(subscription: Subscription, entries: Entries) -> list[bytes]:
        """Returns one push for each entry, encoded once for all clients that are sent the same page."""
        codec, channel = subscription.codec, subscription.channel
        key = (codec, channel, "push")
        return entries.once(key, lambda entries: [codec.publication(channel, entry) for entry in entries])
