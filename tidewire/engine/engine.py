"""One engine per event loop: hub, recovery, publisher, and the reader they share.

No server tells an application in every case that it starts (daphne has no lifespan), so the engine starts with the
first scope that the application sees in a loop.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any
from weakref import WeakKeyDictionary

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings

from tidewire.declare.registry import registry
from tidewire.delivery.connections import Connections
from tidewire.delivery.hub import Hub, Intervals
from tidewire.delivery.presence import MemoryStore, Presence, RedisStore, Store
from tidewire.delivery.recovery import Recovery
from tidewire.delivery.send_queue import Tick
from tidewire.engine.gauges import Gauges
from tidewire.engine.reader import Reader
from tidewire.engine.services import Services
from tidewire.ground import credentials, metrics
from tidewire.ground.conf import conf
from tidewire.layer import publishing
from tidewire.layer.publisher import Publisher
from tidewire.log import revocations

logger = logging.getLogger(__name__)

_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()


class Engine:
    """The delivery side of one process."""

    def __init__(self) -> None:
        layer = get_channel_layer()
        self.reader = Reader(conf.DATABASE_THREADS)
        self.hub = Hub(
            layer,
            self.reader,
            intervals(),
            on_access_doubt=lambda *suspended: self.recovery.on_access_doubt(*suspended),
        )
        self.recovery = Recovery(self.hub, self.reader)
        self.publisher = Publisher(layer, asyncio.get_running_loop(), self.hub.dispatch_own)
        self.presence = Presence(presence_store(layer), publish=self.publisher.publish_presence, relay=self.hub.relay)
        self.hub.on_presence = self.presence.heard
        self.services = Services(
            authenticate=credentials.authenticate,
            hub=self.hub,
            presence=self.presence,
            publisher=self.publisher,
            reader=self.reader,
            recovery=self.recovery,
            sessions=self.hub.revocations.sessions,
            connections=Connections(conf.MAX_CONNECTIONS_PER_USER, conf.MESSAGE_BURST, conf.MESSAGES_PER_SECOND),
        )
        self.tick = Tick(asyncio.get_running_loop())
        self._tasks: list[asyncio.Task] = []

    def start(self) -> None:
        self.hub.start()
        self.recovery.start()
        work = (
            self.publisher.run(),
            self.presence.run(),
            self.presence.confirm(),
            self._prune(),
            self._release(),
            metrics.sample(Gauges(self.hub, self.services.connections, self.publisher).set),
        )
        self._tasks = [asyncio.get_running_loop().create_task(coroutine) for coroutine in work]
        publishing.attach(self.publisher)
        revocations.attach(self.hub)

    async def _prune(self) -> None:
        """Keeps the log in its window. Processes do it at different times; doing it twice costs little."""
        while conf.PRUNE_SECONDS:
            await asyncio.sleep(conf.PRUNE_SECONDS * random.uniform(0.5, 1.5))
            try:
                await self.reader.prune()
            except Exception as error:
                logger.warning("cannot prune the log: %s", error)

    async def _release(self) -> None:
        """What streams hold back has its turn. Every process looks; one of them gets it."""
        paces = [kind.rate.seconds for kind in registry.kinds.values() if kind.rate]
        while paces:
            await asyncio.sleep(min(paces) * random.uniform(0.4, 0.6))
            try:
                await self.reader.release_due()
            except Exception as error:
                logger.warning("cannot tell what is held back, will be tried again: %s", error)

    async def stop(self) -> None:
        """Ends all its tasks. Sockets are closed by whoever drains the server."""
        publishing.detach(self.publisher)
        revocations.detach(self.hub)
        for task in self._tasks:
            task.cancel()
        self.recovery.stop()
        await self.hub.stop()
        self.reader.close()


def current() -> Engine:
    """The engine of the running loop, started if it is the first to ask."""
    loop = asyncio.get_running_loop()
    engine = _engines.get(loop)
    if engine is None:
        engine = _engines[loop] = Engine()
        engine.start()
    return engine


def running() -> Engine | None:
    """The engine of the running loop, if anybody has asked for it."""
    return _engines.get(asyncio.get_running_loop())


async def stop() -> None:
    """Stops the running loop's engine, if there is one."""
    engine = _engines.pop(asyncio.get_running_loop(), None)
    if engine is not None:
        await engine.stop()


def presence_store(layer: Any) -> Store:
    """Beside the channel layer: in memory, or in the Redis servers that the layer uses."""
    if isinstance(layer, InMemoryChannelLayer):
        return MemoryStore()
    from redis import asyncio as redis  # only the grown size has it installed

    hosts = settings.CHANNEL_LAYERS["default"]["CONFIG"]["hosts"]
    options = [dict(host) if isinstance(host, dict) else {"address": host} for host in hosts]
    return RedisStore([redis.Redis.from_url(host.pop("address"), **host) for host in options])


def intervals() -> Intervals:
    return Intervals(
        poll=conf.POLL_SECONDS, touched=conf.TOUCHED_SECONDS, audit=conf.AUDIT_SECONDS, heartbeat=conf.HEARTBEAT_SECONDS
    )
