"""The bounded send queue of a response that stays open.

A client answers nothing on this way, so the server must say what it has not sent yet. uvicorn makes `send` wait.
`serve` offers the number of bytes that the kernel has not taken (protocol/http_chunks.py). Plain daphne does neither:
there the response ends after as many bytes as a client may leave unread.
"""

from __future__ import annotations

import asyncio
from typing import Any

from asgiref.typing import ASGISendCallable, HTTPScope

from tidewire.delivery.flusher import Flusher
from tidewire.delivery.send_queue import Close, Limits, SendQueue
from tidewire.ground.timer_wheel import TimerWheel
from tidewire.protocol import http_chunks
from tidewire.protocol.codec import EventCodec
from tidewire.protocol.codes import Disconnect

MEASURE_BYTES = 16 * 1024
"""After so many bytes the queue looks how much of them was sent."""
LOOK_SECONDS = 0.05


class ResponseQueue(SendQueue):
    """Frames that are to be sent as the body of one response. `unread` are the bytes that the server has not passed to
    the client's connection yet."""

    __slots__ = ("_asgi_send", "_body", "_is_counting_all", "_taken_bytes")

    def __init__(
        self,
        codec: EventCodec,
        scope: HTTPScope,
        send: ASGISendCallable,
        close: Close,
        unread_bytes: int,
        flusher: Flusher,
        timer_wheel: TimerWheel,
    ) -> None:
        body = http_chunks.body_of(scope)
        limits = Limits(unread_bytes=unread_bytes, mark_bytes=MEASURE_BYTES, pong_seconds=0)
        write = self._write_body if body else None
        super().__init__(codec, self._send_body, close, limits, flusher, timer_wheel, write)
        self._asgi_send, self._body = send, body
        self._taken_bytes = 0
        self._is_counting_all = body is None and http_chunks.is_never_waiting(scope)

    async def _send_body(self, data: bytes) -> None:
        message: Any = {"type": "http.response.body", "body": data, "more_body": True}
        await self._asgi_send(message)
        self._taken_bytes += len(data)

    def _write_body(self, data: bytes) -> None:
        assert self._body is not None
        self._body.write(data)
        self._taken_bytes += len(data)

    def _measure(self) -> None:
        if not self._is_counting_all:
            self._read_bytes = self._taken_bytes - (self._body.backlog() if self._body else 0)

    @property
    def unread(self) -> int:
        self._measure()
        return super().unread

    def ping(self) -> None:
        """Called after every MEASURE_BYTES. No ping is sent, because no answer can come back."""
        self._unmarked_bytes = 0
        self._measure()

    async def wait_for_room(self) -> None:
        """Waits until there is room for another page, or the queue is closed. Only replays wait; live events do not.

        On a server that never waits there will be no more room: the response ends, and its client comes back.
        """
        while not self._is_closed and not self.has_room:
            if self._is_counting_all:
                self._close(Disconnect.SLOW)
                return
            await asyncio.sleep(LOOK_SECONDS)
