"""The bounded queue of one connection. Offering never waits; a client that does not read is cut off.

No server tells an application what a client has read (daphne's `send` returns at once, whatever the client does). The
protocol does: a client answers every ping, at once and in order. So a ping is also a mark in the flow of bytes: what
was sent after the last answered mark is what the client has not read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from realtime.codes import Code, Disconnect
from realtime.frames import Codec, joined
from realtime.positions import MESSAGE_BYTES

Send = Callable[[bytes], Awaitable[None]]
Close = Callable[[Code], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds of one connection; see conf.DEFAULTS."""

    unread_bytes: int
    mark_bytes: int
    pong_seconds: float


class Outbox:
    """Frames on their way to one socket. Used from one event loop."""

    __slots__ = (
        "_close",
        "_codec",
        "_drained",
        "_frames",
        "_is_closed",
        "_limits",
        "_loop",
        "_marks",
        "_offered",
        "_pong_timer",
        "_read",
        "_send",
        "_task",
        "_unmarked",
    )

    def __init__(self, codec: Codec, send: Send, close: Close, limits: Limits) -> None:
        self._codec, self._send, self._close, self._limits = codec, send, close, limits
        self._loop = asyncio.get_running_loop()
        self._frames: deque[bytes] = deque()
        self._marks: deque[int] = deque()  # bytes offered when each unanswered ping was
        self._offered = self._read = self._unmarked = 0
        self._task: asyncio.Task | None = None
        self._drained: asyncio.Event | None = None
        self._pong_timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    @property
    def unread(self) -> int:
        """Bytes that the client has not shown to have read: the bound of this connection's memory."""
        return self._offered - self._read

    @property
    def has_room(self) -> bool:
        """A page of a replay (half of the bound at the most) still fits, with live events beside it."""
        return self.unread <= self._limits.unread_bytes // 4

    def offer(self, frame: bytes) -> None:
        """Queues one frame. Above the bound the connection is told to close (in a later tick: callers may be in the
        middle of a fan-out)."""
        if self._is_closed:
            return
        self._frames.append(frame)
        self._offered += len(frame)
        self._unmarked += len(frame)
        if self._unmarked >= self._limits.mark_bytes:
            self.ping()
        if self.unread > self._limits.unread_bytes:
            self._give_up(Disconnect.SLOW)
        elif self._task is None:
            self._task = self._loop.create_task(self._flush())

    def ping(self) -> None:
        """Queues a ping, and with it a mark."""
        self._unmarked = 0
        self.offer(self._codec.ping())
        if self._is_closed:
            return
        self._marks.append(self._offered)
        if self._pong_timer is None:
            self._await_pong()

    def pong(self) -> None:
        """The client answered the oldest open ping: it has read everything before it."""
        if not self._marks:
            return  # unasked: harmless
        self._read = self._marks.popleft()
        if self._pong_timer is not None:
            self._pong_timer.cancel()
            self._pong_timer = None
        if self._marks:
            self._await_pong()
        if self._drained is not None and self.has_room:
            self._drained.set()

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
        self._pong_timer = self._loop.call_later(self._limits.pong_seconds, self._give_up, Disconnect.NO_PONG)

    def _give_up(self, code: Code) -> None:
        self.close()
        self._frames.clear()
        self._loop.call_soon(self._close, code)

    async def _flush(self) -> None:
        """Frames queued in one tick leave as one message. Ends when there is nothing left: idle sockets cost no
        task."""
        try:
            while self._frames:
                frames, self._frames = self._frames, deque()
                for message in joined(self._codec, frames, MESSAGE_BYTES):
                    await self._send(message)
        except Exception:
            self._give_up(Disconnect.WRITE_ERROR)  # the server has closed the socket under us
        finally:
            self._task = None
