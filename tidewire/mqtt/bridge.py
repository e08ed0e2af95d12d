"""The bridge: connects to the broker again and again, and runs both ways and the access beside each other."""

from __future__ import annotations

import asyncio
import logging
import time

from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.ground.cancellation import end
from tidewire.ground.conf import conf
from tidewire.mqtt import names, reading
from tidewire.mqtt.broker_access import BrokerAccess
from tidewire.mqtt.gateway import Gateway
from tidewire.mqtt.incoming import Incoming
from tidewire.mqtt.inlet import Inlet
from tidewire.mqtt.link import Link, MqttError
from tidewire.mqtt.outgoing import Outgoing
from tidewire.mqtt.reading import Signs
from tidewire.mqtt.requests import Requests

AWAY_SECONDS = 0.5
"""Between two tries while the broker or the database is away."""
FULL_SECONDS = 1.0
"""How often all streams are looked at, not only those that were written to lately."""
ACCESS_SECONDS = 0.2
"""How often the bridge asks whether sessions were revoked."""
LAG_SECONDS = 15.0
STUCK_SECONDS = 120.0
SHORT_SECONDS, SHORT_CONNECTIONS = 5.0, 5
"""Connections of less time, so many in a row, are likely ended by another bridge."""
STATES_SECONDS = 10.0
"""Between two tries to have the broker retain the states that it has refused."""

logger = logging.getLogger(__name__)


class Bridge:
    """Works until it is stopped. Belongs to one event loop. One bridge per broker: a second one takes its place."""

    def __init__(self, reader: Reader | None = None) -> None:
        metrics.begin_at_zero(metrics.mqtt_received, ["stored", "refused", "dropped", "again"])
        self._reader = reader or Reader(3)
        self._requests = Requests()
        self._stopping = asyncio.Event()
        self._turned_at = time.monotonic()
        self._short_connections = 0
        self.is_connected = asyncio.Event()
        """Set while the broker has the bridge's subscriptions, and files that are true."""

    @property
    def is_alive(self) -> bool:
        """Whether the bridge has tried something lately, whatever broker and database say. For any thread."""
        return time.monotonic() - self._turned_at < STUCK_SECONDS

    def stop(self) -> None:
        """Takes no more messages. `run` returns when those that were taken are acknowledged."""
        self._stopping.set()

    async def run(self) -> None:
        try:
            await self._begin()
            consumers = asyncio.create_task(Gateway().run()) if conf.MQTT_APPLICATION else None
            while not self._stopping.is_set():
                await self._connect()
            if consumers is not None:
                await end(consumers)
        finally:
            self._reader.close()
            self._requests.close()

    async def _begin(self) -> None:
        """Prepares the tables and the files, as soon as the database allows it."""
        while not self._stopping.is_set():
            self._turned_at = time.monotonic()
            try:
                await self._reader.run(reading.begin)
                self._access = BrokerAccess(self._reader)
                await self._access.prepare()
                return
            except Exception as error:
                logger.warning("the bridge cannot begin, will be tried again: %s", error)
                await self._wait(AWAY_SECONDS)

    async def _connect(self) -> None:
        """Works for as long as both connections last. An error that is not expected ends them."""
        self._turned_at = began = time.monotonic()
        try:
            inlet, link = self._inlet, self._link = Inlet("bridge", conf.MQTT_WINDOW), Link("out")
            async with inlet, link:
                metrics.mqtt_connected.set(1)
                await self._work(inlet, link)
        except (MqttError, OSError) as error:
            logger.warning("the broker of MQTT is away: %s", error)
            self._count_short(time.monotonic() - began)
            await self._wait(AWAY_SECONDS)
        except Exception:
            logger.exception("the bridge connects anew")
            await self._wait(AWAY_SECONDS)
        finally:
            self.is_connected.clear()
            metrics.mqtt_connected.set(0)

    def _count_short(self, seconds: float) -> None:
        """Says what ends one connection after the other: a broker does not always."""
        is_short = self.is_connected.is_set() and seconds < SHORT_SECONDS
        self._short_connections = self._short_connections + 1 if is_short else 0
        if self._short_connections == SHORT_CONNECTIONS:
            logger.error("the broker ends each connection soon: there is another bridge, or it refuses what this says")

    async def _work(self, inlet: Inlet, link: Link) -> None:
        incoming = self._incoming = Incoming(inlet, link, self._reader, self._requests, self._access.holder)
        self._access.begin()
        receiving = asyncio.create_task(self._receive(inlet, incoming))
        following = asyncio.create_task(self._follow(link, incoming))
        publishing = asyncio.create_task(self._publish(link, incoming))
        stopping = asyncio.create_task(self._stopping.wait())
        breaking = asyncio.create_task(incoming.is_broken.wait())
        losing = asyncio.create_task(link.lost())
        tasks = (receiving, following, publishing, losing, stopping, breaking)
        try:
            filters = [(each, 1) for each in (*names.incoming_filters(), names.probe("+"))]
            await inlet.subscribe(filters)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set() and not receiving.done() and not publishing.done():
                receiving.cancel()
                await incoming.settle()
            for task in (receiving, following, publishing, losing):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            incoming.cancel()
            await end(*tasks)

    async def _receive(self, inlet: Inlet, incoming: Incoming) -> None:
        while True:
            delivery = await inlet.receive()
            if self._access.heard(delivery.topic):
                inlet.acknowledge(delivery)
            else:
                incoming.take(delivery)

    async def _follow(self, link: Link, incoming: Incoming) -> None:
        """Follows the access, beside what is published: a key that was revoked must not wait behind events."""
        while True:
            try:
                await self._access.follow(link, incoming.settle)
            except (MqttError, asyncio.CancelledError):
                raise
            except Exception as error:
                logger.warning("the access cannot be read, will be tried again: %s", error)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if not self.is_connected.is_set():
                self.is_connected.set()
                logger.info("the broker is connected")
            await asyncio.sleep(ACCESS_SECONDS)

    async def _publish(self, link: Link, incoming: Incoming) -> None:
        """Follows the log, once the access is in force. While the database is away, it tries again."""
        access = self._access
        outgoing = Outgoing(link, self._reader, lambda runs: access.before(link, runs, incoming.settle))
        rounds = Rounds(self._reader, outgoing)
        is_rewound, states_at = False, 0.0
        while True:
            self._turned_at = time.monotonic()
            if not self.is_connected.is_set():
                await self._wait_for(self.is_connected, FULL_SECONDS)
                continue
            try:
                if not is_rewound:
                    await self._reader.run(reading.rewind)
                    is_rewound = True
                if not access.has_states and time.monotonic() >= states_at:
                    # The retained mark came before what `follow` has waited for.
                    access.has_states = await outgoing.publish_states()
                    states_at = time.monotonic() + STATES_SECONDS
                has_more = await rounds.next()
            except (MqttError, asyncio.CancelledError):
                raise
            except Exception as error:
                logger.warning("events cannot be published, will be tried again: %s", error)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if not has_more:
                await asyncio.sleep(conf.MQTT_POLL_SECONDS)

    async def _wait(self, seconds: float) -> None:
        await self._wait_for(self._stopping, seconds)

    @staticmethod
    async def _wait_for(event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass


class Rounds:
    """Looks at the log and publishes what is new, in rounds."""

    def __init__(self, reader: Reader, outgoing: Outgoing) -> None:
        self._reader, self._outgoing = reader, outgoing
        self._signs = Signs()
        self._full_at = self._lag_at = 0.0

    async def next(self) -> bool:
        """Does one round. Returns whether there may be more to publish."""
        now = time.monotonic()
        found: Signs = await self._reader.watch(reading.look, self._signs)
        is_full = now >= self._full_at
        has_more = (found != self._signs or is_full) and await self._outgoing.publish_next(only_touched=not is_full)
        if not has_more:
            self._signs, self._full_at = found, now + FULL_SECONDS if is_full else self._full_at
        if now >= self._lag_at:
            self._lag_at = now + LAG_SECONDS
            await self._reader.run(reading.measure)
        return has_more
