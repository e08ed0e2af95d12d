"""The orderly end of a server process.

Readiness goes off, and no connection is accepted any more. Sockets are closed with 3001, spread over time, so that
their clients do not all come back at once; each close waits for the client's answer, because a connection that is
dropped before it shows the client a reset, and no code. Requests in flight are finished. What is committed has been
published. Then the process ends, with 0.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tidewire.engine import engine
from tidewire.http import lifecycle
from tidewire.protocol.codes import Disconnect
from tidewire.serve.daphne import Server
from tidewire.serve.notify import tell_systemd

logger = logging.getLogger(__name__)

ENOUGH_PER_SECOND = 50
"""Few sockets need no long spread: so many may come back in a second anywhere."""

GRACE_SECONDS = 4.0
"""After the spread: for the last close handshakes, and for requests in flight."""

CHECK_SECONDS = 0.02


class Drain:
    """Drains once, however often it is asked; at a second signal it stops at once."""

    def __init__(self, server: Server, seconds: float) -> None:
        self._server, self._seconds = server, seconds
        self._task: asyncio.Task | None = None
        self._signals = 0

    def begin(self) -> None:
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def on_signal(self) -> None:
        """A supervisor that replaces us signals and hangs up: only a second signal means haste."""
        self._signals += 1
        if self._signals == 1:
            self.begin()
        else:
            logger.warning("asked twice: stopping at once")
            self._server.stop()

    async def _run(self) -> None:
        lifecycle.begin_draining()
        tell_systemd("STOPPING=1")
        try:
            await self._server.stop_listening()
            await self._end_sockets()
            await self._until(lambda: not self._server.sockets, "sockets did not close in time")
            self._end_idle()
            await self._until(lambda: not self._server.requests, "requests were not finished in time")
            await self._until(self._is_published, "events are left to the poll", seconds=0.5)
            await engine.stop()
        except Exception:
            logger.exception("draining failed")
        finally:
            self._server.stop()

    async def _end_sockets(self) -> None:
        """Connections that speak the protocol end with what they were still to send; then whatever else is open."""
        self._end_idle()
        running = engine.running()
        connections = list(running.services.connections) if running else []
        spread = min(self._seconds, len(connections) / ENOUGH_PER_SECOND)
        logger.info("draining: %d sockets over %.1f s", len(connections), spread)
        for connection in connections:
            connection.end(Disconnect.SHUTDOWN)
            await asyncio.sleep(spread / len(connections))
        await asyncio.sleep(CHECK_SECONDS)
        for socket in list(self._server.sockets):
            socket.end(Disconnect.SHUTDOWN.code, Disconnect.SHUTDOWN.reason)

    def _is_published(self) -> bool:
        running = engine.running()
        return running is None or running.publisher.is_idle

    def _end_idle(self) -> None:
        for channel in list(self._server.http_factory.channels):
            channel.end_if_idle()

    async def _until(self, is_done: Callable[[], bool], otherwise: str, seconds: float = GRACE_SECONDS) -> None:
        deadline = asyncio.get_running_loop().time() + seconds
        while not is_done():  # each check is a comparison; what it waits for has no event in common
            if asyncio.get_running_loop().time() > deadline:
                logger.warning("draining: %s", otherwise)
                return
            await asyncio.sleep(CHECK_SECONDS)
