"""One server process: the application, its server, and the signals that end it."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from contextlib import suppress

from django.conf import settings
from django.utils.module_loading import import_string

from tidewire.serve import options
from tidewire.serve.notify import READY, tell_systemd

logger = logging.getLogger(__name__)

GARBAGE_OBJECTS = 20_000
"""So many more objects than were freed make the collector look at the youngest (Python's own: 700)."""


def run(listening: socket.socket, supervisor: socket.socket | None = None) -> None:
    """Serves until a signal, or the supervisor's end, has drained it."""
    from daphne.server import reactor  # installs the reactor: only a process that serves wants one

    from tidewire.serve.admission import Admission
    from tidewire.serve.daphne import Server
    from tidewire.serve.drain import Drain

    loop = reactor._asyncioEventloop
    asyncio.set_event_loop(loop)
    chosen = options.from_settings()
    admission = Admission(chosen.caps, _unidentified, loop.time())
    server = Server(import_string(settings.ASGI_APPLICATION), listening, chosen, admission)
    drain = Drain(server, chosen.drain_seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, drain.on_signal)
    loop.call_soon(_say_ready, loop, supervisor, drain.begin)
    _collect_rarely()
    server.run()


def _collect_rarely() -> None:
    """What is there now stays: the collector need not look at it. What comes, requests and sockets, is let go by
    counting references, nearly all of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)


def _unidentified(address: str) -> int:
    from tidewire.engine import engine  # of the loop that runs when it is asked

    return engine.current().services.connections.unidentified(address)


def _say_ready(loop: asyncio.AbstractEventLoop, supervisor: socket.socket | None, drain) -> None:
    logger.info("serving, process %d", os.getpid())
    if supervisor is None:
        tell_systemd("READY=1")
        return
    loop.add_reader(supervisor.fileno(), _on_supervisor, loop, supervisor, drain)
    with suppress(OSError):  # it is gone already, as the reader will notice
        supervisor.send(READY)


def _on_supervisor(loop: asyncio.AbstractEventLoop, supervisor: socket.socket, drain) -> None:
    """It never writes: this is its end. Without it nobody would restart or stop us."""
    loop.remove_reader(supervisor.fileno())
    logger.warning("the supervisor is gone")
    drain()
