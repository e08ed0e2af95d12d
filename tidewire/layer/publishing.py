"""`publish` hands committed events to the publisher of this process.

In a server that is the publisher of the event loop, which the engine attaches. A process without a server's loop, such
as a shell, a command or a worker, sends from one daemon thread.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections.abc import Callable

from channels.layers import BaseChannelLayer, InMemoryChannelLayer, get_channel_layer

from tidewire.ground.recorded_event import RecordedEvent
from tidewire.layer.messages import Ephemeral
from tidewire.layer.publisher import Publisher

logger = logging.getLogger(__name__)

EXIT_SECONDS = 0.2
"""So long the exit of a process waits at most for its background thread to send what is queued."""

_attached: Publisher | None = None
_background: BackgroundPublisher | None = None
_lock = threading.Lock()
_copies: list[Callable[[Ephemeral], None]] = []


def attach(publisher: Publisher) -> None:
    """Makes this the publisher of the process."""
    global _attached
    _attached = publisher


def detach(publisher: Publisher) -> None:
    """Undoes `attach`, unless another publisher was attached since."""
    global _attached
    if _attached is publisher:
        _attached = None


def is_attached() -> bool:
    """Returns whether the publisher of a running engine is this process's."""
    return _attached is not None


def publish(recorded: list[RecordedEvent]) -> None:
    """Publishes committed events. Called by `transactions` after COMMIT, from any thread, and from nowhere else: there
    is no second exit. Never raises."""
    if not recorded:
        return
    try:
        publisher = _attached or _background_publisher()
        if publisher is not None:
            publisher.publish(recorded)
    except Exception:
        logger.exception("events could not be handed to the channel layer; hubs will find them in the log")


def publish_ephemeral(message: Ephemeral) -> None:
    """Publishes an ephemeral message of a client that has no socket of ours. Called from any thread. It may be lost, as
    on the layer."""
    publisher = _attached or _background_publisher()
    if publisher is not None:
        publisher.publish_ephemeral_soon(message)


def copy_to(copy: Callable[[Ephemeral], None]) -> None:
    """Has this function called for each ephemeral message of a client's socket, in the event loop: for servers that do
    not read the layer."""
    if copy not in _copies:
        _copies.append(copy)


def copy_ephemeral(message: Ephemeral) -> None:
    """Hands an ephemeral message of a client's socket to the functions that `copy_to` has got."""
    for copy in _copies:
        copy(message)


def _background_publisher() -> Publisher | None:
    """Returns the publisher of the background thread, which is started for the first event. Returns None where the
    layer is in memory: no other process can receive from it."""
    global _background
    layer = get_channel_layer()
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        return None
    with _lock:
        if _background is None or _background.pid != os.getpid():  # a forked process has none of its parent's threads
            _background = BackgroundPublisher(layer)
    return _background.publisher


class BackgroundPublisher:
    """One daemon thread with an event loop and one long-lived connection to the layer. When the process exits, the
    thread gets EXIT_SECONDS to send what is queued."""

    def __init__(self, layer: BaseChannelLayer) -> None:
        self.pid = os.getpid()
        self._loop = asyncio.new_event_loop()
        self.publisher = Publisher(layer, self._loop)
        threading.Thread(target=self._run, name="tidewire-publisher", daemon=True).start()
        atexit.register(self._finish)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self.publisher.run())

    def _finish(self) -> None:
        if self.pid == os.getpid():
            done = threading.Event()
            self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._drain(done)))
            done.wait(EXIT_SECONDS)

    async def _drain(self, done: threading.Event) -> None:
        while not self.publisher.is_idle:  # noqa: ASYNC110  the process is ending: simple beats quick
            await asyncio.sleep(0.005)
        done.set()
