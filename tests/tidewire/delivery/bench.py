"""Hubs and engines for tests, without a database."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

from channels.layers import InMemoryChannelLayer

from tests.tidewire.in_memory import QUIET, Client, Log, engine_on, settled
from tidewire.delivery.bulks import Bulks
from tidewire.delivery.departures import Departures
from tidewire.delivery.flusher import Flusher
from tidewire.delivery.hub import Hub, Intervals
from tidewire.delivery.pages import Pages
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.replay import Replays
from tidewire.delivery.revocation_log import RevocationLog, Sessions
from tidewire.delivery.roster import Roster
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.ground.disconnections import Disconnection
from tidewire.ground.positions import Entry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.layer.membership import Membership
from tidewire.layer.messages import Events, message
from tidewire.protocol.requests import SubscribeRequest

ROOM = "room:1"
MOST = 2000


class Bench:
    """A hub with a log and a layer in memory. Subscriptions that it suspends are kept in `suspended`, not rechecked."""

    def __init__(self, log: Log, intervals: Intervals = QUIET, layer: InMemoryChannelLayer | None = None) -> None:
        self.log, self.layer = log, layer or InMemoryChannelLayer(capacity=1000)
        self.suspended: list[tuple[str, list[Subscription]]] = []
        self.tasks, membership = Tasks(), Membership(self.layer)
        self.subscriptions, self.sessions = Subscriptions(membership), Sessions()
        self.disconnections: list[Disconnection] = []
        self.revocations = RevocationLog(log, self.sessions, self.tasks, self.disconnections.append)
        pages = Pages(log, self.revocations)
        self.hub = Hub(
            self.layer,
            membership,
            log,
            intervals,
            subscriptions=self.subscriptions,
            sessions=self.sessions,
            revocations=self.revocations,
            rechecks=self,
            bulks=Bulks(log, MOST),
            departures=Departures(self.subscriptions, log, Replays(self.subscriptions, pages, self.tasks), self.tasks),
            roster=Roster(),
            tasks=self.tasks,
            flusher=Flusher(asyncio.get_running_loop()),
        )

    def begin(self, stream: str, suspended: list[Subscription]) -> None:
        """Stands in for AccessRechecks, which would ask for the access of these subscriptions."""
        self.suspended.append((stream, suspended))

    async def follow(self, client: Client, stream: str = ROOM, **options) -> Subscription:
        """Returns an open subscription that starts at the head of the stream."""
        subscription = client.subscription(stream, **options)
        self.subscriptions.add(subscription)
        await self.revocations.apply_for([])
        self.hub.update_head(self.log.position(stream))
        subscription.offset = self.log.stored(stream).head
        subscription.is_answered = subscription.is_open = True
        return subscription

    def dispatch(self, *entries: Entry, stream: str = ROOM) -> None:
        self.hub.dispatch(stream, self.log.stored(stream).epoch, entries)

    async def stop(self) -> None:
        await settled()
        await self.tasks.stop()

    async def send(self, message: object, stream: str = ROOM) -> None:
        """Sends a message through the layer."""
        await self.layer.group_send("tw." + stream.replace(":", "."), message)


def message_of(log: Log, *entries: Entry, stream: str = ROOM) -> dict[str, Any]:
    """Returns the message that a publisher sends for these entries."""
    return message(Events(stream, log.stored(stream).epoch, list(entries)))


def recorded(log: Log, *entries: Entry, stream: str = ROOM) -> list[RecordedEvent]:
    """Returns these entries as the publisher gets them after COMMIT."""
    return [
        RecordedEvent(
            stream=stream,
            epoch=log.stored(stream).epoch,
            offset=entry.offset,
            id=uuid4(),
            type=entry.type,
            object="",
            ends_access=entry.ends_access,
            revocation_offset=entry.revocation_offset,
            payload=entry.payload,
        )
        for entry in entries
    ]


class RecoveryBench:
    """An engine on a log in memory, whose hub is started."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.engine = engine_on(log)
        self.hub, self.subscriptions = self.engine.hub, self.engine.subscriptions
        self.recovery, self.replays = self.engine.recovery, self.engine.replays
        self.sessions = self.engine.sessions

    async def ask(self, client: Client, stream: str = ROOM, **request) -> tuple[Subscription, Outcome]:
        """Subscribes, and returns the outcome, which the client has not been sent yet."""
        subscription = client.subscription(stream)
        request = SubscribeRequest(channel=stream, **request)
        (outcome,) = await self.recovery.subscribe(client.user, [(subscription, request)])
        return subscription, outcome

    def answer(self, client: Client, subscription: Subscription, outcome: Outcome) -> None:
        """Sends the outcome to the client and opens the subscription in one synchronous step, as a connection does."""
        for entry in outcome.entries:
            client.send_queue.enqueue(client.codec.publication(subscription.stream, entry))
        self.replays.proceed(subscription)

    async def follow(self, client: Client, stream: str = ROOM, **request) -> Subscription:
        subscription, outcome = await self.ask(client, stream, **request)
        assert outcome.error is None
        self.answer(client, subscription, outcome)
        return subscription

    async def recover(self, client: Client, offset: int, stream: str = ROOM, **request) -> Subscription:
        epoch = self.log.stored(stream).epoch
        return await self.follow(client, stream, recover=True, epoch=epoch, offset=offset, **request)

    def dispatch(self, *entries: Entry, stream: str = ROOM) -> None:
        self.hub.dispatch(stream, self.log.stored(stream).epoch, entries)

    async def stop(self) -> None:
        await settled()
        await self.engine.stop()


def shown(outcome: Outcome) -> tuple[int, int, bool, bool, list[int]]:
    """Returns (error, offset, was recovering, is recovered, offsets of the missed events)."""
    error = outcome.error.code if outcome.error else 0
    return error, outcome.offset, outcome.was_recovering, outcome.is_recovered, [e.offset for e in outcome.entries]
