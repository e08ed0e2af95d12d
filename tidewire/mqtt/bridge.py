"""The bridge: connects to the broker again and again, and runs both ways and the access beside each other."""

from __future__ import annotations

import asyncio
import logging
import time

from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.mqtt import names, reading
from tidewire.mqtt.broker_access import BrokerAccess
from tidewire.mqtt.gateway import Gateway
from tidewire.mqtt.incoming import Incoming
from tidewire.mqtt.link import Link, MqttError
from tidewire.mqtt.outgoing import Outgoing
from tidewire.mqtt.reading import Signs
from tidewire.mqtt.requests import Requests

AWAY_SECONDS = 0.5
"""Between two tries while the broker or the database is away."""
FULL_SECONDS = 1.0
"""How often all streams are looked at, not only those that were written to lately."""
LAG_SECONDS = 15.0
STUCK_SECONDS = 120.0

logger = logging.getLogger(__name__)


class Bridge:
    """Works until it is stopped. Belongs to one event loop. One bridge per broker: a second one takes its place."""

    def __init__(self, reader: Reader | None = None) -> None:
        metrics.begin_at_zero(metrics.mqtt_received, ["stored", "refused", "dropped", "again"])
        self._reader = reader or Reader(2)
        self._requests = Requests()
        self._stopping = asyncio.Event()
        self._turned_at = time.monotonic()
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
                consumers.cancel()
                await asyncio.gather(consumers, return_exceptions=True)
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
        """Works for as long as one connection lasts. An error that is not expected ends the connection."""
        self._turned_at = time.monotonic()
        try:
            link = self._link = Link("bridge", conf.MQTT_WINDOW)
            async with link:
                metrics.mqtt_connected.set(1)
                await self._work(link)
        except (MqttError, OSError) as error:
            logger.warning("the broker of MQTT is away: %s", error)
            await self._wait(AWAY_SECONDS)
        except Exception:
            logger.exception("the bridge connects anew")
            await self._wait(AWAY_SECONDS)
        finally:
            self.is_connected.clear()
            metrics.mqtt_connected.set(0)

    async def _work(self, link: Link) -> None:
        incoming = self._incoming = Incoming(link, self._reader, self._requests, self._access.holder)
        receiving = asyncio.create_task(self._receive(link, incoming))
        publishing = asyncio.create_task(self._publish(link, incoming))
        stopping = asyncio.create_task(self._stopping.wait())
        breaking = asyncio.create_task(incoming.is_broken.wait())
        tasks = (receiving, publishing, stopping, breaking)
        try:
            filters = [(each, 1) for each in (*names.incoming_filters(), names.probe("+"))]
            await link.subscribe(filters)
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set() and not receiving.done() and not publishing.done():
                receiving.cancel()
                await incoming.settle()
            for task in (receiving, publishing):
                if task.done() and not task.cancelled():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            incoming.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _receive(self, link: Link, incoming: Incoming) -> None:
        while True:
            delivery = await link.receive()
            if self._access.heard(delivery.topic):
                link.acknowledge(delivery)
            else:
                incoming.take(delivery)

    async def _publish(self, link: Link, incoming: Incoming) -> None:
        """Follows the log and the access. While the database is away, it tries again."""
        loop = asyncio.get_running_loop()
        access, signs = self._access, Signs()
        access.begin()
        outgoing = Outgoing(link, self._reader, lambda runs: access.before(link, runs, incoming.settle))
        full_at = lag_at = 0.0
        is_rewound = False
        while True:
            self._turned_at = time.monotonic()
            try:
                if not is_rewound:
                    await self._reader.run(reading.rewind)
                    is_rewound = True
                now = loop.time()
                found: Signs = await self._reader.run(reading.look, signs)
                is_changed, is_full = found != signs, now >= full_at
                await access.follow(link, incoming.settle, is_changed=is_changed)
                if not self.is_connected.is_set():
                    self.is_connected.set()
                    logger.info("the broker is connected")
                if not access.has_states:  # the retained mark came before what `follow` has waited for
                    await outgoing.publish_states()
                    access.has_states = True
                has_more = (is_changed or is_full) and await outgoing.publish_next(only_touched=not is_full)
                if not has_more:
                    signs, full_at = found, now + FULL_SECONDS if is_full else full_at
                if now >= lag_at:
                    lag_at = now + LAG_SECONDS
                    await self._reader.run(reading.measure)
            except (MqttError, asyncio.CancelledError):
                raise
            except Exception as error:
                logger.warning("events cannot be published, will be tried again: %s", error)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            if not has_more:
                await asyncio.sleep(conf.MQTT_POLL_SECONDS)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
