"""The bounded queue of one client's messages: answered one at a time, at the pace that the client is allowed.

No server that matters holds a fast writer back for us (daphne queues without bound), so the socket's loop only puts
messages here, at once, and a worker that lives while there is work answers them. A burst is served at once, more is
served at the permitted pace (a phone that comes back subscribes to each of its streams in a frame of its own), and who
queues beyond the bound is closed with 3013.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tidewire.ground.token_bucket import TokenBucket
from tidewire.protocol.codes import Code, Disconnect

Answer = Callable[[str | bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class MessageRate:
    """What one client may send; see conf.DEFAULTS."""

    burst: int
    per_second: float
    queued_messages: int
    queued_bytes: int


class ReceiveQueue:
    """Messages of one client. Used from one event loop.

    `others` are buckets that this client shares, asked anew for each message: its user's, once that is known.
    """

    __slots__ = (
        "_answer",
        "_bucket",
        "_bytes",
        "_end",
        "_is_closed",
        "_loop",
        "_messages",
        "_others",
        "_rate",
        "_task",
    )

    def __init__(
        self,
        answer: Answer,
        end: Callable[[Code], None],
        message_rate: MessageRate,
        others: Callable[[], list[TokenBucket]] = list,
    ) -> None:
        self._answer, self._end, self._rate, self._others = answer, end, message_rate, others
        self._loop = asyncio.get_running_loop()
        self._bucket = TokenBucket(message_rate.burst, message_rate.per_second, self._loop.time())
        self._messages: list[str | bytes] = []
        self._bytes = 0
        self._task: asyncio.Task | None = None
        self._is_closed = False

    def enqueue(self, message: str | bytes) -> None:
        """Queues one message; never waits. Beyond the bound the connection ends."""
        if self._is_closed:
            return
        self._messages.append(message)
        self._bytes += len(message)
        if len(self._messages) > self._rate.queued_messages or self._bytes > self._rate.queued_bytes:
            self.close()
            self._end(Disconnect.TOO_MANY_REQUESTS)
        elif self._task is None:
            self._task = self._loop.create_task(self._work())

    def close(self) -> None:
        """Nothing more is answered. What is being answered is finished: it may be half-way through a write."""
        self._is_closed = True
        self._messages.clear()
        self._bytes = 0

    async def _work(self) -> None:
        try:
            while self._messages:
                await self._turn()
                if self._messages:  # it may have been closed while it waited
                    message = self._messages.pop(0)
                    self._bytes -= len(message)
                    await self._answer(message)
        finally:
            self._task = None

    async def _turn(self) -> None:
        """Waits until this client, and its user, may be answered again."""
        for bucket in (self._bucket, *self._others()):
            while not bucket.take(self._loop.time()):  # noqa: ASYNC110  time is all it waits for
                await asyncio.sleep(bucket.wait(self._loop.time()))
