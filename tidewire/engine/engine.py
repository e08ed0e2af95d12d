"""The engine: everything that delivers events to the clients of one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from channels.layers import BaseChannelLayer

from tidewire.delivery.access_rechecks import AccessRechecks
from tidewire.delivery.bulks import Bulks
from tidewire.delivery.connection_log import ConnectionLog
from tidewire.delivery.connections import Connections
from tidewire.delivery.departures import Departures
from tidewire.delivery.flusher import Flusher
from tidewire.delivery.hub import Hub, Intervals
from tidewire.delivery.pages import Pages
from tidewire.delivery.presence import Presence
from tidewire.delivery.presence_stores import Store
from tidewire.delivery.recovery import Recovery
from tidewire.delivery.replay import Replays
from tidewire.delivery.revocation_log import RevocationLog, Sessions
from tidewire.delivery.roster import Roster
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.engine import commits, first_counts, housekeeping
from tidewire.engine.gauges import Gauges
from tidewire.engine.logbook_writer import LogbookWriter
from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity, LookUp
from tidewire.ground.timer_wheel import TimerWheel
from tidewire.layer import publishing
from tidewire.layer.membership import Membership
from tidewire.layer.messages import Ephemeral
from tidewire.layer.publisher import Publisher
from tidewire.log import revocations
from tidewire.protocol.pushes import ClientInfo


class Engine:
    """Owns the parts of the delivery side, which belong to the event loop in which the engine was constructed.

    What comes from outside is handed in; the parts are constructed here, each after those that it uses. Connections are
    handed the engine and use its public parts.
    """

    def __init__(
        self,
        *,
        layer: BaseChannelLayer,
        reader: Reader,
        presence_store: Store,
        connections: Connections,
        authenticate: Callable[[str], Identity | LookUp],
        intervals: Intervals,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.reader, self.connections, self.authenticate = reader, connections, authenticate
        self.timer_wheel, self.flusher = TimerWheel(loop), Flusher(loop)
        self._tasks = Tasks()
        membership, roster = Membership(layer), Roster()
        self.subscriptions = Subscriptions(membership)
        self.sessions = Sessions()
        self.connection_log = ConnectionLog()
        self.revocations = RevocationLog(reader, self.sessions, self._tasks, connections.disconnect)
        pages = Pages(reader, self.revocations)
        self.replays = Replays(self.subscriptions, pages, self._tasks)
        self._rechecks = AccessRechecks(self.subscriptions, reader, self.replays, self._tasks)
        bulks = Bulks(reader, conf.MAX_PUSHED_EVENTS)
        self.hub = Hub(
            layer,
            membership,
            reader,
            intervals,
            subscriptions=self.subscriptions,
            sessions=self.sessions,
            revocations=self.revocations,
            rechecks=self._rechecks,
            bulks=bulks,
            departures=Departures(self.subscriptions, reader, self.replays, self._tasks),
            roster=roster,
            tasks=self._tasks,
            flusher=self.flusher,
        )
        self.recovery = Recovery(self.hub, self.subscriptions, reader, pages, bulks)
        self.publisher = Publisher(layer, loop, self.hub.dispatch_own)
        self.presence = Presence(presence_store, self.publisher.publish_presence, self.hub.dispatch_presence, roster)
        self._logbook_writer = LogbookWriter(self.connection_log, connections, self.hub, reader)

    def start(self) -> None:
        """Starts all tasks, and makes this the engine that the write side of the process publishes to and asks."""
        first_counts.begin()
        self.hub.start()
        for work in (
            self.publisher.run(),
            self.presence.run(),
            self.presence.confirm(),
            self._rechecks.audit(conf.ACCESS_SECONDS),
            housekeeping.do_chores(self.reader),
            housekeeping.look_at_chores(self.reader),
            housekeeping.measure(self.reader),
            housekeeping.release_delayed(self.reader),
            housekeeping.run_jobs(self.reader),
            self._logbook_writer.run(),
            commits.follow(self.hub, self.reader),
            metrics.sample(Gauges(self.hub, self.subscriptions, self.connections, self.publisher, self.flusher).set),
        ):
            self._tasks.start(work)
        publishing.attach(self.publisher)
        revocations.attach(self.hub)

    def publish_ephemeral(self, stream: str, data: str, info: ClientInfo) -> None:
        """Publishes a client's ephemeral message, `data` its finished JSON, to the readers of all servers."""
        self.publisher.publish_ephemeral(stream, data, info)
        publishing.copy_ephemeral(Ephemeral(stream, data, info))

    async def stop(self) -> None:
        """Ends all tasks and the reader. Open sockets are left alone: a server that drains closes them before."""
        publishing.detach(self.publisher)
        revocations.detach(self.hub)
        await self._tasks.stop()
        await self._logbook_writer.finish()
        self.reader.close()
