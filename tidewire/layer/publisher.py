"""After COMMIT: one small message per stream to the channel layer. Fire and forget.

The layer is a nudge and may lose anything; the log is the truth and the hubs' poll finds what was lost. So nothing here
waits on the request's path, retries, or raises: a layer that fails is left alone for a second.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from tidewire.ground import metrics, streams

if TYPE_CHECKING:
    from tidewire.ground.recorded import Recorded

logger = logging.getLogger(__name__)

MESSAGE_TYPE = "tidewire.events"
EPHEMERAL_TYPE = "tidewire.ephemeral"
PRESENCE_TYPE = "tidewire.presence"
SEND_SECONDS = 0.2
PAUSE_SECONDS = 1.0
QUEUE_EVENTS = 10_000
QUEUE_SIGNALS = 1_000
QUEUE_PRESENCE = 10_000  # joins and leaves; what is more, confirmations tell
PRESENCE_CHANGES = 100  # of a stream, in one message
EPHEMERAL_TURN = 50  # such messages before it is looked for events again
# Above this the layer carries the position only and the hubs read the event from the log: Redis cuts off subscribers
# that fall behind by megabytes.
INLINE_BYTES = 32 * 1024


class Publisher:
    """Sends from one event loop; `offer` may be called from any thread."""

    def __init__(
        self, layer: Any, loop: asyncio.AbstractEventLoop, hand_over: Callable[[list[Recorded]], None] | None = None
    ) -> None:
        """`hand_over` gets the events first: the hub of this very process need not wait for the layer."""
        self.layer, self.loop = layer, loop
        self._hand_over = hand_over
        self.dropped = 0
        self._queue: deque[Recorded] = deque(maxlen=QUEUE_EVENTS)
        self._signals: deque[dict[str, Any]] = deque(maxlen=QUEUE_SIGNALS)
        self._presence: dict[str, list[list[Any]]] = {}
        self._presence_count = 0
        self._wake = asyncio.Event()
        self._is_sending = False
        self._paused_until = 0.0

    def enqueue(self, recorded: list[Recorded]) -> None:
        try:
            self.loop.call_soon_threadsafe(self._enqueue, recorded)
        except RuntimeError:  # the loop is closed: this process is ending, and the other hubs poll
            self.dropped += len(recorded)

    def tell(self, stream: str, kind: str, content: dict[str, Any]) -> None:
        """Sends what is not stored: a signal ("pub"), a join, a leave. Called in the loop. Of signals the oldest are
        dropped first."""
        if kind == "pub":
            self.dropped += len(self._signals) == QUEUE_SIGNALS
            self._signals.append({"type": EPHEMERAL_TYPE, "v": 1, "stream": stream, "kind": kind, "content": content})
        elif self._presence_count < QUEUE_PRESENCE:
            self._presence.setdefault(stream, []).append([kind, content["info"]])
            self._presence_count += 1
        else:
            self.dropped += 1
        self._wake.set()

    @property
    def is_idle(self) -> bool:
        return not self._queue and not self._wake.is_set() and not self._is_sending

    async def run(self) -> None:
        """Sends until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._is_sending = True
            while messages := self._take():
                for message in messages:
                    if self.loop.time() >= self._paused_until:
                        await self._send(message)
                    else:
                        self.dropped += 1
            self._is_sending = False

    def _enqueue(self, recorded: list[Recorded]) -> None:
        self.dropped += max(0, len(self._queue) + len(recorded) - QUEUE_EVENTS)
        self._queue.extend(recorded)
        self._wake.set()
        if self._hand_over is not None:
            self._hand_over(recorded)

    def _take(self) -> list[dict[str, Any]]:
        """All events that are queued, one message per stream; then some of what is ephemeral."""
        by_stream: dict[tuple[str, str], list[Recorded]] = {}
        while self._queue:
            event = self._queue.popleft()
            by_stream.setdefault((event.stream, event.epoch), []).append(event)
        return [message(*stream, events) for stream, events in by_stream.items()] + self._take_ephemeral()

    def _take_ephemeral(self) -> list[dict[str, Any]]:
        """Signals, and joins and leaves: those of a stream together, in their order."""
        taken = [self._signals.popleft() for _ in range(min(EPHEMERAL_TURN, len(self._signals)))]
        while self._presence and len(taken) < EPHEMERAL_TURN:
            stream = next(iter(self._presence))
            changes, left = self._presence[stream][:PRESENCE_CHANGES], self._presence[stream][PRESENCE_CHANGES:]
            if left:
                self._presence[stream] = left
            else:
                del self._presence[stream]
            self._presence_count -= len(changes)
            taken.append({"type": PRESENCE_TYPE, "v": 1, "stream": stream, "changes": changes})
        return taken

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            with metrics.publishing.time():
                async with asyncio.timeout(SEND_SECONDS):
                    await self.layer.group_send(streams.group(message["stream"]), message)
        except Exception as error:
            self.dropped += 1
            self._paused_until = self.loop.time() + PAUSE_SECONDS
            logger.warning("channel layer unavailable, delivery goes on by polling: %s", error or type(error).__name__)


def message(stream: str, epoch: str, events: list[Recorded]) -> dict[str, Any]:
    """What hubs receive: the fields of an Entry per event. Payloads are left out above INLINE_BYTES."""
    is_small = sum(len(event.payload) for event in events) <= INLINE_BYTES
    rows = [[e.offset, e.ends_access, e.type, e.payload if is_small else "", e.revocation_offset] for e in events]
    return {"type": MESSAGE_TYPE, "v": 1, "stream": stream, "epoch": epoch, "events": rows}


# -- the publisher of this process ---------------------------------------------------------------------------------

_attached: Publisher | None = None
_background: _BackgroundPublisher | None = None
_lock = threading.Lock()


def attach(publisher: Publisher) -> None:
    """A server's loop publishes from now on."""
    global _attached
    _attached = publisher


def detach(publisher: Publisher) -> None:
    global _attached
    if _attached is publisher:
        _attached = None


def publish(recorded: list[Recorded]) -> None:
    """The one door out. Called by `transactions` after COMMIT, and by nobody else. Never raises."""
    if not recorded:
        return
    try:
        publisher = _attached or _of_background()
        if publisher is not None:
            publisher.enqueue(recorded)
    except Exception:
        logger.exception("events could not be handed to the channel layer; hubs will find them in the log")


def _of_background() -> Publisher | None:
    """The publisher of a process without a server's loop: a shell, a command, a worker."""
    global _background
    layer = get_channel_layer()
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        return None  # nobody outside this process could hear it
    with _lock:
        if _background is None or _background.pid != os.getpid():  # a fork takes no threads along
            _background = _BackgroundPublisher(layer)
    return _background.publisher


class _BackgroundPublisher:
    """One daemon thread with a loop and a long-lived connection. At exit it is given SEND_SECONDS to finish."""

    def __init__(self, layer: Any) -> None:
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
            done.wait(SEND_SECONDS)

    async def _drain(self, done: threading.Event) -> None:
        while not self.publisher.is_idle:  # noqa: ASYNC110  the process is ending: simple beats quick
            await asyncio.sleep(0.005)
        done.set()
