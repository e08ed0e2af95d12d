"""The body of a response that stays open, whatever is sent in it: its start, its client's leaving, its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from tidewire.delivery.send_queue import SendQueue
from tidewire.doors.refusals import Headers
from tidewire.ground.timer_wheel import TimerWheel
from tidewire.protocol import http_chunks
from tidewire.protocol.codes import Code, Disconnect

logger = logging.getLogger(__name__)

LAST_SECONDS = 5.0
"""So long the server may take for the last bytes. uvicorn waits for a client that does not read, perhaps for ever."""

PROBE_SECONDS = 1.0
"""Above the time of a round trip."""


class OpenBody:
    """The response of the running task. `offered` is the server's own body, where it offers one."""

    __slots__ = ("_closing", "_is_over", "_is_started", "_send", "_task", "offered")

    def __init__(self, scope: HTTPScope, send: ASGISendCallable) -> None:
        self.offered = http_chunks.body_of(scope)
        self._send, self._task = send, asyncio.current_task()
        self._closing: asyncio.Task[None] | None = None
        self._is_started = self._is_over = False

    @property
    def is_closing(self) -> bool:
        """Whether `end` was called: what is queued is being sent, or was."""
        return self._closing is not None

    async def start(self, headers: Headers, first: bytes = b"") -> None:
        """Sends the status, the headers and the first part. Servers write the headers with the first part of the body,
        even if it is empty."""
        self._is_started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
        await self._send({"type": "http.response.body", "body": first, "more_body": True})

    def ask_when_half_closed(self, ask: Callable[[], None], timer_wheel: TimerWheel) -> None:
        """Has `ask`, which enqueues what clients ignore, called twice when the client has closed its sending side.

        The machine of a client that has left refuses the first, and the second finds the connection lost.
        """

        def probe() -> None:
            ask()
            timer_wheel.call_later(PROBE_SECONDS, ask)

        if self.offered is not None:
            self.offered.when_half_closed(probe)

    async def stay_open(self, receive: ASGIReceiveCallable) -> None:
        """Returns when the client has left, or `end` has sent the last bytes."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not self._is_over or self._task is None:
                raise
            self._task.uncancel()

    def end(self, queue: SendQueue, code: Code | None = None) -> None:
        """Ends the response once what is queued was sent; one that has not begun is left to its caller. A client that
        does not keep up is cut off, where the server can do that."""
        if self._is_started and self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._end(queue, code))

    async def _end(self, queue: SendQueue, code: Code | None) -> None:
        try:
            if code is Disconnect.SLOW and self.offered is not None:
                self.offered.abort()
                return
            async with asyncio.timeout(LAST_SECONDS):
                await queue.flushed()
                queue.close()
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            queue.abandon()
        except Exception as error:
            logger.debug("ending a response whose client has left: %s", error)
        finally:
            self._is_over = True
            if self._task is not None:
                self._task.cancel()
