"""The orderly end of a server process.

First, for LAME_DUCK_SECONDS, `/readyz` answers 503 and everything is served, so that balancers can choose other
machines. Then no connection is accepted any more. WebSockets are closed with code 3001, spread over time so that their
clients do not all reconnect at once. Each close waits for the client's answer, because a connection that is cut earlier
shows the client a reset in place of the code. Requests in flight are finished. Events that are committed are published.
Then the process ends with status 0.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tidewire.engine import engines
from tidewire.http import lifecycle
from tidewire.protocol.codes import Disconnect
from tidewire.serve import systemd
from tidewire.serve.server import Server

logger = logging.getLogger(__name__)

ENOUGH_PER_SECOND = 50
"""Sockets that may be closed in a second whatever DRAIN_SECONDS is: so many reconnects at once are harmless."""

GRACE_SECONDS = 4.0
"""After the spread: for the last close handshakes, and then for requests in flight."""

LAST_REQUEST_SECONDS = 1.0
"""For requests that a proxy sends on open connections, before it has seen that they end: each answer from the beginning
of the drain on says so, and a connection that is closed in the moment in which a request arrives loses the request."""

CHECK_SECONDS = 0.02


class Drain:
    """Drains the process once, however often it is asked. A second signal stops it at once.

    `is_own_port` says that no other process holds the listening socket: it ends with this process.
    """

    def __init__(self, server: Server, seconds: float, is_own_port: bool) -> None:
        self._server, self._seconds, self._is_own_port = server, seconds, is_own_port
        self._task: asyncio.Task[None] | None = None
        self._signals = 0

    def begin(self, lame_duck_seconds: float = 0.0) -> None:
        """Starts draining after so many seconds, unless it has begun. Called in the event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(lame_duck_seconds))

    def on_signal(self, lame_duck_seconds: float = 0.0) -> None:
        """Counts signals only: a supervisor that ends sends one *and* closes its pipe."""
        self._signals += 1
        if self._signals == 1:
            self.begin(lame_duck_seconds)
        else:
            logger.warning("second signal: stopping at once")
            self._server.stop()

    async def _run(self, lame_duck_seconds: float) -> None:
        systemd.notify("STOPPING=1")
        try:
            await asyncio.sleep(lame_duck_seconds)
            lifecycle.begin_leaving()
            if running := engines.running():
                running.connections.is_closed = True
            await self._stop_listening()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._end_http())
                tasks.create_task(self._close_sockets())
            await self._wait_until(lambda: not self._server.sockets, "sockets did not close in time")
            self._end_idle_http()
            await self._wait_until(lambda: not self._server.requests, "requests were not finished in time")
            await self._wait_until(_is_published, "unpublished events are left to the poll", seconds=0.5)
            await engines.stop()
        except Exception:
            logger.exception("draining failed")
        finally:
            self._server.stop()

    async def _stop_listening(self) -> None:
        """Lets go of the port. Where no other worker accepts what waits in its queue, this process accepts it first."""
        if self._is_own_port:
            self._server.refuse_more()
        await self._server.stop_listening(takes_queue=lifecycle.is_draining())

    async def _end_http(self) -> None:
        """Ends the HTTP connections between two requests, and waits before for requests that are on their way."""
        open_ones = self._server.http_factory.places.connections
        await self._wait_until(lambda: not open_ones, seconds=LAST_REQUEST_SECONDS)
        self._end_idle_http()

    async def _close_sockets(self) -> None:
        """Closes the engine's connections, spread over time, each after what it was still to send; then all other
        sockets."""
        running = engines.running()
        connections = list(running.connections) if running else []
        spread = min(self._seconds, len(connections) / ENOUGH_PER_SECOND)
        logger.info("draining: %d sockets over %.1f s", len(connections), spread)
        for connection in connections:
            connection.end(Disconnect.SHUTDOWN)
            await asyncio.sleep(spread / len(connections))
        await asyncio.sleep(CHECK_SECONDS)
        for socket in list(self._server.sockets):
            socket.end(Disconnect.SHUTDOWN.code, Disconnect.SHUTDOWN.reason)

    def _end_idle_http(self) -> None:
        for channel in list(self._server.http_factory.places.connections):
            channel.end_if_idle()

    async def _wait_until(self, is_done: Callable[[], bool], warning: str = "", seconds: float = GRACE_SECONDS) -> None:
        """Polls, since what is waited for has no event in common. Logs the warning, if any, after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not is_done():
            if asyncio.get_running_loop().time() > deadline:
                if warning:
                    logger.warning("draining: %s", warning)
                return
            await asyncio.sleep(CHECK_SECONDS)


def _is_published() -> bool:
    running = engines.running()
    return running is None or running.publisher.is_idle
