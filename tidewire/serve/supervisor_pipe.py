"""The pipe between the supervisor and one worker: a socket pair on which each message is one byte.

Its end is a message, too: when the supervisor's end closes, the supervisor is gone, and the worker drains.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress

READY = b"R"
"""From the worker: it serves. Its code is imported, and the database has all migrations."""

PAUSE = b"P"
"""To the worker: accept no more connections for now, because a successor does."""

ACCEPT = b"A"
"""To the worker: accept connections again, because no successor came."""

DRAINING = b"D"
"""To the worker: the service is about to end. Say so on `/readyz`, and serve everything until SIGTERM."""


def tell(pipe: socket.socket | None, message: bytes) -> None:
    """Sends a message. An end that is closed, or a peer that is gone, gets none."""
    if pipe is not None:
        with suppress(OSError):
            pipe.send(message)


class WorkerEnd:
    """The worker's end. `actions` are what each message does, `on_end` runs once when the supervisor is gone."""

    def __init__(
        self, pipe: socket.socket, actions: Mapping[bytes, Callable[[], None]], on_end: Callable[[], None]
    ) -> None:
        self._pipe, self._actions, self._on_end = pipe, actions, on_end
        pipe.setblocking(False)

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reads messages in the loop from now on."""
        self._loop = loop
        loop.add_reader(self._pipe.fileno(), self.read)

    def read(self) -> None:
        """Does what the messages say that have arrived."""
        try:
            received = self._pipe.recv(64)
        except BlockingIOError:
            return
        except OSError:
            received = b""
        for byte in received:
            self._actions.get(bytes([byte]), lambda: None)()
        if not received:
            self._loop.remove_reader(self._pipe.fileno())
            self._on_end()
