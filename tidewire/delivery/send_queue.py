"""The bounded send queue of one connection. Enqueuing never waits; a client that does not read is disconnected.

No server tells an application what a client has read (daphne's `send` returns at once, whatever the client does). The
protocol does: a client answers every ping, at once and in order. So a ping is also a mark in the flow of bytes: what
was enqueued after the last answered ping is what the client has not shown to have read.

All frames of one turn of the event loop leave as one message (see flusher.py). A server that takes finished frames gets
them in a synchronous call; with any other, the queue has a task only while the server makes it wait.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tidewire.delivery import eager
from tidewire.delivery.flusher import Flusher
from tidewire.ground.timer_wheel import Handle, TimerWheel
from tidewire.protocol.codec import EventCodec, joined
from tidewire.protocol.codes import Code, Disconnect

Send = Callable[[bytes], Awaitable[None]]
Write = Callable[[bytes], None]
Close = Callable[[Code], None]

EARLY_BYTES = 64 * 1024
"""Above this the frames are written before the turn of the loop ends: a burst reaches the clients while it lasts."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes and seconds of one connection; see DEFAULTS in ground/conf.py."""

    unread_bytes: int
    mark_bytes: int
    pong_seconds: float


class SendQueue:
    """Frames that are to be sent to one client. Used from one event loop.

    `send` hands a message to the server and may wait. `write`, where the server offers it, takes a message at once (see
    protocol/websocket_frames.py). `close` is called with the code when the queue gives up.
    """

    __slots__ = (
        "_close",
        "_codec",
        "_enqueued_bytes",
        "_flusher",
        "_frames",
        "_has_room_again",
        "_is_closed",
        "_is_flush_due",
        "_limits",
        "_loop",
        "_marks",
        "_pending_bytes",
        "_pong_timer",
        "_read_bytes",
        "_send",
        "_task",
        "_timer_wheel",
        "_unmarked_bytes",
        "_write",
    )

    def __init__(
        self,
        codec: EventCodec,
        send: Send,
        close: Close,
        limits: Limits,
        flusher: Flusher,
        timer_wheel: TimerWheel,
        write: Write | None = None,
    ) -> None:
        self._codec, self._send, self._close, self._limits = codec, send, close, limits
        self._flusher, self._timer_wheel, self._write = flusher, timer_wheel, write
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] = []
        self._pending_bytes = 0  # in _frames
        self._is_flush_due = False
        self._marks: list[int] = []  # _enqueued_bytes as it was after each ping that is not answered
        self._enqueued_bytes = self._read_bytes = self._unmarked_bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._has_room_again: asyncio.Event | None = None
        self._pong_timer: Handle | None = None
        self._is_closed = False

    # -- enqueue and flush -------------------------------------------------------------------------------------------

    def enqueue(self, frame: bytes) -> None:
        """Adds one frame. Above the limit of unread bytes the queue gives up; `close` is called in a later turn of the
        loop, because callers may be in the middle of a fan-out."""
        if self._is_closed:
            return
        size = len(frame)
        self._frames.append(frame)
        self._pending_bytes += size
        self._enqueued_bytes += size
        self._unmarked_bytes += size
        if self._unmarked_bytes >= self._limits.mark_bytes:
            self.ping()
        if self._enqueued_bytes - self._read_bytes > self._limits.unread_bytes:
            self._give_up(Disconnect.SLOW)
        elif not self._is_flush_due:
            self._is_flush_due = True
            self._flusher.add(self)
        elif self._pending_bytes > EARLY_BYTES and self._write is not None:
            self._write_frames(self._write)

    def flush(self) -> None:
        """Hands all frames to the server. Called by the flusher."""
        if self._write is not None:
            self._is_flush_due = False
            self._write_frames(self._write)
        elif self._task is None:
            self._task = eager.run(self._send_frames(), self._loop)

    def _write_frames(self, write: Write) -> None:
        self._flusher.sent_bytes += self._pending_bytes
        frames, self._frames, self._pending_bytes = self._frames, [], 0
        if len(frames) == 1:
            write(frames[0])  # the same object as for the other sockets, so that it is framed once
        else:
            for message in joined(self._codec, frames):
                write(message)

    async def _send_frames(self) -> None:
        """Sends until no frame is left."""
        try:
            while self._frames:
                self._flusher.sent_bytes += self._pending_bytes
                frames, self._frames, self._pending_bytes = self._frames, [], 0
                for message in joined(self._codec, frames):
                    await self._send(message)
        except Exception:
            self._give_up(Disconnect.WRITE_ERROR)  # the server has closed the socket
        finally:
            self._task, self._is_flush_due = None, False

    async def flushed(self) -> None:
        """Waits until all frames were handed to the server."""
        self.flush()
        if self._task is not None:
            await asyncio.wait([self._task])

    # -- pings and room ----------------------------------------------------------------------------------------------

    @property
    def unread(self) -> int:
        """Bytes that the client has not shown to have read. The limit on them bounds the memory of a connection."""
        return self._enqueued_bytes - self._read_bytes

    @property
    def has_room(self) -> bool:
        """Whether a page of a replay (half of the limit at most) still fits, with live events beside it."""
        return self.unread <= self._limits.unread_bytes // 4

    async def wait_for_room(self) -> None:
        """Waits until there is room for another page, or the queue is closed. Only replays wait; live events do not."""
        while not self._is_closed and not self.has_room:
            if not self._marks:
                self.ping()
            self._has_room_again = asyncio.Event()
            await self._has_room_again.wait()
        self._has_room_again = None

    def ping(self) -> None:
        """Enqueues a ping, which marks how far the client has read when it answers."""
        self._unmarked_bytes = 0
        self.enqueue(self._codec.ping())
        if self._is_closed:
            return
        self._marks.append(self._enqueued_bytes)
        if self._pong_timer is None:
            self._start_pong_timer()

    def pong(self) -> bool:
        """Takes in the answer to the oldest open ping: the client has read everything before it. Returns False when no
        ping is open."""
        if not self._marks:
            return False
        self._read_bytes = self._marks.pop(0)
        if self._pong_timer is not None:
            self._pong_timer.cancel()
            self._pong_timer = None
        if self._marks:
            self._start_pong_timer()
        if self._has_room_again is not None and self.has_room:
            self._has_room_again.set()
        return True

    def _start_pong_timer(self) -> None:
        self._pong_timer = self._timer_wheel.call_later(self._limits.pong_seconds, self._give_up, Disconnect.NO_PONG)

    # -- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ignores every further frame, and waits for no pong and no room. What is queued can still be flushed."""
        self._is_closed = True
        if self._pong_timer is not None:
            self._pong_timer.cancel()
        if self._has_room_again is not None:
            self._has_room_again.set()

    def abandon(self) -> None:
        """Drops what is queued and what is being sent: the socket is gone, or its server never takes the message."""
        self.close()
        self._frames, self._pending_bytes = [], 0
        if self._task is not None:
            self._task.cancel()

    def _give_up(self, code: Code) -> None:
        self.close()
        self._frames, self._pending_bytes = [], 0
        self._loop.call_soon(self._close, code)
