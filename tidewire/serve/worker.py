"""One server process: the application, its server, and the signals that end it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.utils.module_loading import import_string

from tidewire.engine import engines
from tidewire.serve import options, systemd
from tidewire.serve.connection_limits import ConnectionLimiter
from tidewire.serve.drain import Drain
from tidewire.serve.free_memory import FreeMemory
from tidewire.serve.reactor import event_loop
from tidewire.serve.server import Server
from tidewire.serve.supervisor import READY

logger = logging.getLogger(__name__)

GARBAGE_OBJECTS = 20_000
"""So many more objects than were freed make the collector look at the youngest (Python's own: 700)."""


def run(listening: socket.socket, supervisor: socket.socket | None = None) -> None:
    """Serves until a signal, or the end of the supervisor, has drained the process.

    `supervisor` is the worker's end of the pipe to the supervisor that started it.
    """
    loop = event_loop()
    asyncio.set_event_loop(loop)
    numbers = options.from_settings()
    limiter = ConnectionLimiter(numbers.connections, _unidentified, loop.time())
    server = Server(import_string(settings.ASGI_APPLICATION), listening, numbers, limiter)
    drain = Drain(server, numbers.drain_seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, drain.on_signal)
    loop.call_soon(_announce_ready, loop, supervisor, drain.begin)
    _collect_garbage_rarely()
    FreeMemory().start(loop)
    server.run()


def _unidentified(network: str) -> int:
    """Returns how many sockets from this network have not authenticated yet."""
    return engines.current().connections.unidentified(network)


def _announce_ready(
    loop: asyncio.AbstractEventLoop, supervisor: socket.socket | None, drain: Callable[[], None]
) -> None:
    """Tells systemd, or the supervisor, that this process serves. With a supervisor, also drains when it ends."""
    logger.info("serving, process %d", os.getpid())
    if supervisor is None:
        systemd.notify("READY=1")
        return

    def on_end() -> None:
        """Runs when the pipe becomes readable. The supervisor writes nothing, so that is its end; and without it the
        process would run on unattended."""
        loop.remove_reader(supervisor.fileno())
        logger.warning("the supervisor has ended")
        drain()

    loop.add_reader(supervisor.fileno(), on_end)
    with suppress(OSError):  # it has ended already, which the reader notices
        supervisor.send(READY)


def _collect_garbage_rarely() -> None:
    """Exempts all that start-up made from garbage collection, and makes the collector run less often. Requests and
    sockets are nearly always freed by their reference counts."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
