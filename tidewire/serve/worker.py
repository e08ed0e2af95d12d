"""One server process: the application, its server, and the signals that end it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys

from django.conf import settings
from django.utils.module_loading import import_string

from tidewire.engine import engines
from tidewire.http import lifecycle
from tidewire.serve import first_requests, options, readiness, supervisor_pipe, systemd
from tidewire.serve.connection_limits import ConnectionLimiter
from tidewire.serve.drain import Drain
from tidewire.serve.free_memory import FreeMemory
from tidewire.serve.reactor import event_loop
from tidewire.serve.server import Server
from tidewire.serve.tls.certificates import Certificate

logger = logging.getLogger(__name__)

GARBAGE_OBJECTS = 20_000
"""So many more objects than were freed make the collector look at the youngest (Python's own: 700)."""


def run(
    listening: socket.socket,
    supervisor: socket.socket | None = None,
    is_own_port: bool = False,
    certificate: Certificate | None = None,
    is_successor: bool = False,
) -> None:
    """Serves until a signal, or the end of the supervisor, has drained the process. Raises CertificateError, and as a
    successor NotReadyError when its application fails at its first requests.

    `supervisor` is the worker's end of the pipe to the supervisor that started it. `is_own_port` says that no other
    process holds the listening socket. With a certificate all connections are encrypted.
    """
    loop = event_loop()
    asyncio.set_event_loop(loop)
    numbers = options.from_settings()
    engines.limit_connections(numbers.connections.total)
    limiter = ConnectionLimiter(numbers.connections, lambda: engines.current().connections, loop.time())
    application = import_string(settings.ASGI_APPLICATION)
    if is_successor:
        first_requests.require_answers(loop, application)
    server = Server(application, listening, numbers, limiter, certificate)
    drain = Drain(server, numbers.drain_seconds, is_own_port)
    if supervisor is None:
        _end_with_service(loop, drain, server, numbers.lame_duck_seconds)
    else:
        _end_by_supervisor(loop, drain, server, supervisor)
    loop.call_soon(lambda: loop.create_task(_announce_ready(supervisor)))
    _collect_garbage_rarely()
    FreeMemory().start(loop)
    server.run()


async def _announce_ready(supervisor: socket.socket | None) -> None:
    """Tells systemd, or the supervisor, that this process is ready: once the database has all migrations."""
    logger.info("serving, process %d", os.getpid())
    await readiness.until_migrated()
    if supervisor is None:
        systemd.notify("READY=1")
    else:
        supervisor_pipe.tell(supervisor, supervisor_pipe.READY)


def _end_with_service(loop: asyncio.AbstractEventLoop, drain: Drain, server: Server, lame_duck_seconds: float) -> None:
    """Lets signals end the only process of this service. Ctrl-C does so without the time for balancers."""

    def on_signal(seconds: float) -> None:
        lifecycle.begin_draining()
        drain.on_signal(seconds)

    def on_hangup() -> None:
        """SIGHUP asks for a new certificate, and for new code, which one process cannot load while it serves. From a
        terminal it says that the terminal is closed, and ends the process as ever."""
        if sys.stdin is not None and sys.stdin.isatty():
            on_signal(0.0)
        elif server.is_encrypted:
            server.reload_certificate()
            logger.warning("the code is that of before: one process cannot replace itself")
        else:
            logger.error("reload refused: one process cannot replace itself. Restart it, or serve with --workers 2")

    loop.add_signal_handler(signal.SIGTERM, on_signal, lame_duck_seconds)
    loop.add_signal_handler(signal.SIGINT, on_signal, 0.0)
    loop.add_signal_handler(signal.SIGHUP, on_hangup)


def _end_by_supervisor(
    loop: asyncio.AbstractEventLoop, drain: Drain, server: Server, supervisor: socket.socket
) -> None:
    """Lets the supervisor end this process: for a successor, or with the service."""

    def on_orphaned() -> None:
        """Runs when the supervisor is gone: without it, the process would run on unattended."""
        logger.warning("the supervisor has ended")
        lifecycle.begin_draining()
        drain.begin()

    actions = {
        supervisor_pipe.PAUSE: server.pause_listening,
        supervisor_pipe.ACCEPT: server.resume_listening,
        supervisor_pipe.DRAINING: lifecycle.begin_draining,
    }
    pipe = supervisor_pipe.WorkerEnd(supervisor, actions, on_orphaned)
    pipe.listen(loop)

    def on_signal() -> None:
        pipe.read()  # what the supervisor wrote before it sent the signal comes first
        drain.on_signal()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)


def _collect_garbage_rarely() -> None:
    """Exempts all that start-up made from garbage collection, and makes the collector run less often. Requests and
    sockets are nearly always freed by their reference counts."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
