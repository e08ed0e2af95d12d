"""One engine per event loop: hub, recovery, publisher, and the reader they share.

No server tells an application in every case that it starts (daphne has no lifespan), so the engine starts with the
first scope that the application sees in a loop.
"""

from __future__ import annotations

import asyncio
import logging
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer

from realtime import publisher
from realtime.conf import conf
from realtime.hub import Hub, Intervals
from realtime.reader import Reader
from realtime.recovery import Recovery

logger = logging.getLogger(__name__)

_engines: WeakKeyDictionary[asyncio.AbstractEventLoop, Engine] = WeakKeyDictionary()


class Engine:
    """The delivery side of one process."""

    def __init__(self) -> None:
        layer = get_channel_layer()
        self.reader = Reader(conf.DATABASE_THREADS)
        self.hub = Hub(layer, self.reader, intervals(), on_fence=lambda fenced: self.recovery.on_fence(fenced))
        self.recovery = Recovery(self.hub, self.reader)
        self.publisher = publisher.Publisher(layer, asyncio.get_running_loop())

    def start(self) -> None:
        self.hub.start()
        self._publishing = asyncio.get_running_loop().create_task(self.publisher.run())
        publisher.attach(self.publisher)

    async def stop(self) -> None:
        """Ends all its tasks. Sockets are closed by whoever drains the server."""
        publisher.detach(self.publisher)
        self._publishing.cancel()
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


async def stop() -> None:
    """Stops the running loop's engine, if there is one."""
    engine = _engines.pop(asyncio.get_running_loop(), None)
    if engine is not None:
        await engine.stop()


def intervals() -> Intervals:
    return Intervals(
        poll=conf.POLL_SECONDS, touched=conf.TOUCHED_SECONDS, audit=conf.AUDIT_SECONDS, heartbeat=conf.HEARTBEAT_SECONDS
    )
