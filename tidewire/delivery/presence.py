"""Presence: which clients are subscribed to a stream, across all processes.

Presence is not stored in the event log. Entries live in memory, or in Redis with an expiry. Every process confirms its
own entries before they expire, so those of a crashed process are gone within EXPIRE_SECONDS. Joins and leaves are
published as they happen. One that was lost, because a process crashed or a store lost its data, is found when the next
confirmation compares the roster with the store: within CONFIRM_SECONDS + EXPIRE_SECONDS.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable

from tidewire.declare.registry import registry
from tidewire.delivery.presence_stores import Clients, Store
from tidewire.delivery.roster import Roster
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.toggles import Toggles
from tidewire.layer.messages import PresenceChange
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

logger = logging.getLogger(__name__)

CONFIRM_SECONDS = 12.0
STORE_SECONDS = 1.0
BATCH = 200
"""Arrivals or departures that are written to the store in one call: a crowd's come faster than a store answers."""
GATHER_SECONDS = 0.05
"""So long after one call the next may come, unless it is full: clients that arrive one after the other share it."""
MAX_UNREMOVED = 10_000

Send = Callable[[str, PresenceChange], None]
"""`(stream, change)`: sends a join or a leave to subscribers."""


class Presence:
    """The presence of this process's subscriptions.

    `publish` sends a change to the subscribers of all processes, `dispatch` to those of this one. `roster` is kept by
    the hub.
    """

    def __init__(self, store: Store, publish: Send, dispatch: Send, roster: Roster) -> None:
        self._store, self._publish, self._dispatch, self._roster = store, publish, dispatch, roster
        self._here: dict[str, dict[str, Subscription]] = {}
        self._unremoved: dict[tuple[str, str], ClientInfo] = {}  # departures that the store did not take
        self._changes: asyncio.Queue[tuple[str, PresenceChange]] = asyncio.Queue()
        self._toggles = Toggles(lambda stream, change: self._changes.put_nowait((stream, change)))

    def arrive(self, subscription: Subscription) -> None:
        """Adds a subscription that was answered. Streams without presence are ignored."""
        kind = registry.kind_of(subscription.stream)
        if kind is not None and kind.has_presence:
            self._here.setdefault(subscription.stream, {})[subscription.info.client] = subscription
            self._toggles.change(subscription.stream, JoinPush(subscription.info))

    def depart(self, subscription: Subscription) -> None:
        """Removes a subscription, if it had arrived."""
        here = self._here.get(subscription.stream, {})
        if here.pop(subscription.info.client, None) is None:
            return
        if not here:
            del self._here[subscription.stream]
            self._roster.forget(subscription.stream)
        self._toggles.change(subscription.stream, LeavePush(subscription.info))

    async def read(self, stream: str) -> Clients:
        """Returns the clients of all processes, or those of this one where the store does not answer."""
        own = {client: subscription.info for client, subscription in self._here.get(stream, {}).items()}
        try:
            async with asyncio.timeout(STORE_SECONDS):
                return await self._store.read(stream) | own
        except Exception as error:
            logger.warning("presence store unavailable: %s", error or type(error).__name__)
            return own

    # -- arrivals and departures -------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Writes arrivals and departures to the store and publishes them, in order, until cancelled."""
        while True:
            batch = await self._next_changes()
            for kind, group in itertools.groupby(batch, key=lambda change: type(change[1])):
                changes = list(group)
                entries = [(stream, change.info) for stream, change in changes]
                try:
                    async with asyncio.timeout(STORE_SECONDS):
                        if kind is JoinPush:
                            await self._store.put(entries)
                            for stream in {stream for stream, _ in entries}:
                                await self._begin_roster(stream)
                        else:
                            await self._store.remove(entries)
                except Exception as error:  # the next confirmation makes up for it
                    logger.debug("presence store unavailable: %s", error)
                    if kind is LeavePush:
                        self._keep_unremoved(entries)
                # Published after the store has it: a client that is sent a join may ask for presence at once.
                for stream, change in changes:
                    self._publish(stream, change)
            if len(batch) < BATCH:
                await asyncio.sleep(GATHER_SECONDS)

    async def _next_changes(self) -> list[tuple[str, PresenceChange]]:
        """Waits for one change, and takes at most BATCH."""
        changes = [await self._changes.get()]
        while len(changes) < BATCH and not self._changes.empty():
            changes.append(self._changes.get_nowait())
        return changes

    def _keep_unremoved(self, entries: list[tuple[str, ClientInfo]]) -> None:
        self._unremoved |= {(stream, info.client): info for stream, info in entries}
        for key in list(self._unremoved)[:-MAX_UNREMOVED]:
            del self._unremoved[key]

    # -- confirmation ------------------------------------------------------------------------------------------------

    async def confirm(self) -> None:
        """Keeps this process's entries from expiring, until cancelled."""
        while True:
            await asyncio.sleep(CONFIRM_SECONDS)
            try:
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await self.confirm_once()
            except Exception as error:
                logger.warning("presence store unavailable: %s", error or type(error).__name__)

    async def confirm_once(self) -> None:
        """Confirms this process's entries, and sends its subscribers the joins and leaves that were lost."""
        await self._remove_again()
        entries = [(stream, s.info) for stream, here in self._here.items() for s in here.values()]
        for start in range(0, len(entries), BATCH):
            await self._store.put(entries[start : start + BATCH])
        for stream in list(self._here):
            await self._compare(stream)

    async def _remove_again(self) -> None:
        """Removes the clients that the store did not remove when they left: the comparison of roster and store would
        take them for new ones."""
        unremoved = dict(self._unremoved)  # more may be added meanwhile
        gone = [
            (stream, info) for (stream, client), info in unremoved.items() if client not in self._here.get(stream, {})
        ]
        if gone:
            await self._store.remove(gone)
        for key in unremoved:
            self._unremoved.pop(key, None)

    async def _begin_roster(self, stream: str) -> None:
        """Starts the roster of a stream with the clients that are present: the first subscriber that follows joins may
        ask for presence, and from then on knows them."""
        if self._is_followed(stream) and stream not in self._roster:
            present = await self._store.read(stream)
            if stream in self._here:
                self._roster.begin(stream, present)

    async def _compare(self, stream: str) -> None:
        """Sends the leaves of clients that are in the roster but gone, with a crashed process, and the joins of clients
        that are present but not in the roster, because the layer was away.

        A change that arrives while the store is read is not sent again: its own process has published it."""
        if not self._is_followed(stream):
            return
        if stream not in self._roster:
            await self._begin_roster(stream)
        before = self._roster.clients(stream)
        present = await self._store.read(stream)
        now = self._roster.clients(stream)
        for client in now.keys() & before.keys() - present.keys():
            self._dispatch(stream, LeavePush(before[client]))
        for client in present.keys() - before.keys() - now.keys():
            self._dispatch(stream, JoinPush(present[client]))

    def _is_followed(self, stream: str) -> bool:
        return any(subscription.is_following_presence for subscription in self._here.get(stream, {}).values())
