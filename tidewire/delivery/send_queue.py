"""The bounded queue of one connection. Offering never waits; a client that does not read is cut off.

No server tells an application what a client has read (daphne's `send` returns at once, whatever the client does). The
protocol does: a client answers every ping, at once and in order. So a ping is also a mark in the flow of bytes: what
was sent after the last answered mark is what the client has not read.

Frames of one tick leave as one message, all sockets of the tick in one callback. A server that takes finished frames
gets them synchronously; elsewhere a socket has a task while its server makes it wait, and none otherwise.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tidewire.delivery import eager
from tidewire.ground.timer_wheel import Handle, timer_wheel
from tidewire.protocol.codec import Codec, joined
from tidewire.protocol.codes import Code, Disconnect

logger = logging.getLogger(__name__)

Send = Callable[[bytes], Awaitable[None]]
Write = Callable[[bytes], None]
Close = Callable[[Code], None]

EARLY_BYTES = 64 * 1024
"""So much is written at once, without waiting for the end of the tick: a burst reaches the clients while it lasts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds of one connection; see conf.DEFAULTS."""

    unread_bytes: int
    mark_bytes: int
    pong_seconds: float


class Tick:
    """The outboxes that have something to write: one callback of the loop for all of them, not one each.

    Writing to a crowd gets at most one part in 1 + PATIENCE of the time, and no tick waits longer than MOST_SECONDS. So
    who writes faster than a thousand sockets can be served has several events joined into one message for each of
    them; a lone event never waits, and nothing does where few listen.
    """

    __slots__ = ("_loop", "_not_before", "_send_queues")

    CROWD = 64
    PATIENCE = 2
    MOST_SECONDS = 0.03

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._send_queues: list[SendQueue] = []
        self._not_before = 0.0

    def add(self, send_queue: SendQueue) -> None:
        if not self._send_queues:
            if self._loop.time() >= self._not_before:
                self._loop.call_soon(self._write_all)
            else:
                self._loop.call_at(self._not_before, self._write_all)
        self._send_queues.append(send_queue)

    def _write_all(self) -> None:
        began = self._loop.time()
        send_queues, self._send_queues = self._send_queues, []
        for send_queue in send_queues:
            try:
                send_queue.write_now()
            except Exception:  # of a server's: the other sockets are served
                logger.exception("a socket could not be written to")
        if len(send_queues) >= self.CROWD:
            ended = self._loop.time()
            self._not_before = ended + min((ended - began) * self.PATIENCE, self.MOST_SECONDS)


class SendQueue:
    """Frames on their way to one socket. Used from one event loop.

    `send` hands a message to the server and may wait; `write`, where there is one, takes it at once (see framing.py).
    """

    __slots__ = (
        "_close",
        "_codec",
        "_drained",
        "_frames",
        "_is_closed",
        "_is_due",
        "_limits",
        "_loop",
        "_marks",
        "_offered",
        "_pending",
        "_pong_timer",
        "_read",
        "_send",
        "_task",
        "_tick",
        "_unmarked",
        "_write",
    )

    def __init__(
        self,
        codec: Codec,
        send: Send,
        close: Close,
        limits: Limits,
        tick: Tick | None = None,
        write: Write | None = None,
    ) -> None:
        self._codec, self._send, self._close, self._limits = codec, send, close, limits
        self._loop = asyncio.get_running_loop()
        self._tick, self._write = tick or Tick(self._loop), write
        self._frames: list[bytes] = []
        self._pending = 0  # bytes in _frames
        self._is_due = False  # the tick knows of us
        self._marks: list[int] = []  # bytes offered when each unanswered ping was
        self._offered = self._read = self._unmarked = 0
        self._task: asyncio.Task | None = None
        self._drained: asyncio.Event | None = None
        self._pong_timer: Handle | None = None
        self._is_closed = False

    @property
    def unread(self) -> int:
        """Bytes that the client has not shown to have read: the bound of this connection's memory."""
        return self._offered - self._read

    @property
    def has_room(self) -> bool:
        """A page of a replay (half of the bound at the most) still fits, with live events beside it."""
        return self.unread <= self._limits.unread_bytes // 4

    def enqueue(self, frame: bytes) -> None:
        """Queues one frame. Above the bound the connection is told to close (in a later tick: callers may be in the
        middle of a fan-out)."""
        if self._is_closed:
            return
        size = len(frame)
        self._frames.append(frame)
        self._pending += size
        self._offered += size
        self._unmarked += size
        if self._unmarked >= self._limits.mark_bytes:
            self.ping()
        if self._offered - self._read > self._limits.unread_bytes:
            self._give_up(Disconnect.SLOW)
        elif not self._is_due:
            self._is_due = True
            self._tick.add(self)
        elif self._pending > EARLY_BYTES and self._write is not None:
            self._write_frames()

    def write_now(self) -> None:
        """Called by the tick."""
        if self._write is not None:
            self._is_due = False
            self._write_frames()
        elif self._task is None:
            self._task = eager.run(self._flush(), self._loop)

    def _write_frames(self) -> None:
        frames, self._frames, self._pending = self._frames, [], 0
        if len(frames) == 1:
            self._write(frames[0])  # the very bytes that the other sockets get
        else:
            for message in joined(self._codec, frames):
                self._write(message)

    def ping(self) -> None:
        """Queues a ping, and with it a mark."""
        self._unmarked = 0
        self.enqueue(self._codec.ping())
        if self._is_closed:
            return
        self._marks.append(self._offered)
        if self._pong_timer is None:
            self._await_pong()

    def pong(self) -> bool:
        """The client answered the oldest open ping: it has read everything before it. False when there is none."""
        if not self._marks:
            return False  # unasked
        self._read = self._marks.pop(0)
        if self._pong_timer is not None:
            self._pong_timer.cancel()
            self._pong_timer = None
        if self._marks:
            self._await_pong()
        if self._drained is not None and self.has_room:
            self._drained.set()
        return True

    async def room(self) -> None:
        """Waits until the client has read enough for another page. Replays wait here; live events never do."""
        while not self._is_closed and not self.has_room:
            if not self._marks:
                self.ping()
            self._drained = asyncio.Event()
            await self._drained.wait()
        self._drained = None

    async def flushed(self) -> None:
        """Waits until all that was offered has been handed to the server."""
        if self._write is not None:
            self._write_frames()
        else:
            self.write_now()
            if self._task is not None:
                await asyncio.wait([self._task])

    def close(self) -> None:
        """Nothing more is queued, or waited for."""
        self._is_closed = True
        if self._pong_timer is not None:
            self._pong_timer.cancel()
        if self._drained is not None:
            self._drained.set()

    def _await_pong(self) -> None:
        self._pong_timer = timer_wheel().call_later(self._limits.pong_seconds, self._give_up, Disconnect.NO_PONG)

    def _give_up(self, code: Code) -> None:
        self.close()
        self._frames, self._pending = [], 0
        self._loop.call_soon(self._close, code)

    async def _flush(self) -> None:
        """Ends when there is nothing left."""
        try:
            while self._frames:
                frames, self._frames, self._pending = self._frames, [], 0
                for message in joined(self._codec, frames):
                    await self._send(message)
        except Exception:
            self._give_up(Disconnect.WRITE_ERROR)  # the server has closed the socket under us
        finally:
            self._task, self._is_due = None, False

    def abandon(self) -> None:
        """The server does not take what is being sent, and never will."""
        self.close()
        self._frames, self._pending = [], 0
        if self._task is not None:
            self._task.cancel()
