"""Takes the ephemeral messages of this process's sockets to the table of the relay, in a thread of its own.

A socket waits for nothing, and a message may be lost: where the database is away, and above QUEUE messages.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque

from django.db import Error, connections

from tidewire.centrifugo import messages
from tidewire.ground.conf import conf
from tidewire.layer import publishing
from tidewire.layer.messages import Ephemeral
from tidewire.log.database import log_alias

QUEUE = 1_000

logger = logging.getLogger(__name__)


class MessageWriter:
    """One daemon thread, which starts with the first message."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._waiting: deque[Ephemeral] = deque(maxlen=QUEUE)
        self._wake = threading.Event()
        threading.Thread(target=self._run, name="tidewire-edge-messages", daemon=True).start()

    def enqueue(self, message: Ephemeral) -> None:
        self._waiting.append(message)
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            taken = [self._waiting.popleft() for _ in range(len(self._waiting))]
            try:
                messages.add(taken, log_alias())
            except Error as error:
                logger.warning("%d ephemeral messages do not reach Centrifugo: %s", len(taken), error)
            finally:
                connections.close_all()  # back to the pool


_writer: MessageWriter | None = None


def start() -> None:
    """Has the ephemeral messages of sockets copied from now on, where there are nodes."""
    publishing.copy_to(_copy)


def _copy(message: Ephemeral) -> None:
    """Called in the event loop."""
    global _writer
    if not conf.CENTRIFUGO_NODES:
        return
    if _writer is None or _writer.pid != os.getpid():  # a forked process has none of its parent's threads
        _writer = MessageWriter()
    _writer.enqueue(message)
