"""Sends events to the channel layer after COMMIT, one small message per stream.

Sending never waits on the path of a request, never retries and never raises: the layer may lose anything, and the hubs
find in the log what it lost. After a failure the layer is left alone for PAUSE_SECONDS.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from channels.layers import BaseChannelLayer

from tidewire.ground import metrics, streams, tracing
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.layer.messages import Commands, Ephemeral, Events, PresenceChange, PresenceChanges, message
from tidewire.protocol.pushes import ClientInfo

logger = logging.getLogger(__name__)

SEND_SECONDS = 0.2
PAUSE_SECONDS = 1.0
QUEUE_EVENTS = 10_000
QUEUE_EPHEMERAL = 1_000
QUEUE_PRESENCE = 10_000
"""Joins and leaves. Above this they are dropped, and the next confirmations of presence make up for them."""
PRESENCE_CHANGES = 100
"""Joins and leaves of one stream in one message."""
EPHEMERAL_TURN = 50
"""Messages without an offset that are sent before events have their turn again."""


class Publisher:
    """Queues and sends the messages of one event loop.

    `dispatch_own`, if there is one, gets recorded events before the layer does: the hub of the same process need not
    wait for them.
    """

    def __init__(
        self,
        layer: BaseChannelLayer,
        loop: asyncio.AbstractEventLoop,
        dispatch_own: Callable[[list[RecordedEvent]], None] | None = None,
    ) -> None:
        self._layer, self._loop = layer, loop
        self._dispatch_own = dispatch_own
        self.dropped = 0
        self._events: deque[RecordedEvent] = deque(maxlen=QUEUE_EVENTS)
        self._ephemeral: deque[Ephemeral | Commands] = deque(maxlen=QUEUE_EPHEMERAL)
        self._presence: dict[str, list[PresenceChange]] = {}
        self._presence_count = 0
        self._wake = asyncio.Event()
        self._is_sending = False
        self._paused_until = 0.0

    def publish(self, recorded: list[RecordedEvent]) -> None:
        """Queues committed events. Called right after COMMIT, from any thread."""
        committed_at = time.time()
        for event in recorded:
            event.committed_at = committed_at
        try:
            self._loop.call_soon_threadsafe(self._publish, recorded)
        except RuntimeError:  # the loop is closed: this process is ending, and the other hubs poll
            self.dropped += len(recorded)

    def _publish(self, recorded: list[RecordedEvent]) -> None:
        self.dropped += max(0, len(self._events) + len(recorded) - QUEUE_EVENTS)
        self._events.extend(recorded)
        self._wake.set()
        if self._dispatch_own is not None:
            self._dispatch_own(recorded)

    def publish_ephemeral(self, stream: str, data: str, info: ClientInfo) -> None:
        """Queues an ephemeral message; `data` is its JSON. Called in the loop. The oldest are dropped first."""
        self.dropped += len(self._ephemeral) == QUEUE_EPHEMERAL
        self._ephemeral.append(Ephemeral(stream, data, info))
        self._wake.set()

    def publish_ephemeral_soon(self, message: Ephemeral) -> None:
        """Queues an ephemeral message. Called from any thread."""
        try:
            self._loop.call_soon_threadsafe(self.publish_ephemeral, message.stream, message.data, message.info)
        except RuntimeError:  # the loop is closed: this process is ending
            self.dropped += 1

    def publish_commands(self, stream: str, key: str, data: bytes) -> None:
        """Queues a client's message for the process that is called `stream`. Called in the loop."""
        self.dropped += len(self._ephemeral) == QUEUE_EPHEMERAL
        self._ephemeral.append(Commands(stream, key, data))
        self._wake.set()

    def publish_presence(self, stream: str, change: PresenceChange) -> None:
        """Queues a join or a leave. Called in the loop."""
        if self._presence_count < QUEUE_PRESENCE:
            self._presence.setdefault(stream, []).append(change)
            self._presence_count += 1
            self._wake.set()
        else:
            self.dropped += 1

    @property
    def is_idle(self) -> bool:
        return not self._events and not self._wake.is_set() and not self._is_sending

    async def run(self) -> None:
        """Sends until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._is_sending = True
            while contents := [*self._next_events(), *self._next_without_offset()]:
                for content in contents:
                    if self._loop.time() >= self._paused_until:
                        await self._send(content)
                    else:
                        self.dropped += 1
            self._is_sending = False

    def _next_events(self) -> list[Events]:
        """Takes all queued events: one message per stream."""
        by_stream: dict[tuple[str, str], list[RecordedEvent]] = {}
        while self._events:
            event = self._events.popleft()
            by_stream.setdefault((event.stream, event.epoch), []).append(event)
        return [Events.of(*stream, events) for stream, events in by_stream.items()]

    def _next_without_offset(self) -> list[Ephemeral | Commands | PresenceChanges]:
        """Takes at most EPHEMERAL_TURN messages: ephemeral ones first, then joins and leaves, those of one stream
        together and in their order."""
        taken: list[Ephemeral | Commands | PresenceChanges] = [
            self._ephemeral.popleft() for _ in range(min(EPHEMERAL_TURN, len(self._ephemeral)))
        ]
        while self._presence and len(taken) < EPHEMERAL_TURN:
            stream = next(iter(self._presence))
            changes, left = self._presence[stream][:PRESENCE_CHANGES], self._presence[stream][PRESENCE_CHANGES:]
            if left:
                self._presence[stream] = left
            else:
                del self._presence[stream]
            self._presence_count -= len(changes)
            taken.append(PresenceChanges.of(stream, changes))
        return taken

    async def _send(self, content: Events | Ephemeral | Commands | PresenceChanges) -> None:
        try:
            with _span(content), metrics.publishing.time():
                async with asyncio.timeout(SEND_SECONDS):
                    await self._layer.group_send(streams.group(content.stream), message(content))
        except Exception as error:
            self.dropped += 1
            self._paused_until = self._loop.time() + PAUSE_SECONDS
            logger.warning("channel layer unavailable, delivery goes on by polling: %s", error or type(error).__name__)


def _span(content: Events | Ephemeral | Commands | PresenceChanges) -> AbstractContextManager[None]:
    """Returns the span of sending a message, in the traces of its events."""
    if not (tracing.is_on() and isinstance(content, Events)):
        return nullcontext()
    traces = [entry.trace for entry in content.entries]
    return tracing.span_of("publish", traces, {"stream.kind": content.stream.partition(":")[0], "events": len(traces)})
