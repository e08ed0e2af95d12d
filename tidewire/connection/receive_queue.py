"""The bounded receive queue of one connection: messages are answered one at a time, at the rate the client is allowed.

Servers do not hold back a client that sends fast (daphne queues without bound). So the loop of the socket only puts
messages into this queue, and a task that lives while there are messages answers them. A burst is answered at once, more
is answered at the permitted rate (a phone that comes back subscribes to each of its streams in a frame of its own), and
a client that sends more than the queue holds is disconnected with 3013.
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
    """How much one client may send; see DEFAULTS in ground/conf.py."""

    burst: int
    per_second: float
    queued_messages: int
    queued_bytes: int


class ReceiveQueue:
    """Messages of one client. Used from one event loop.

    `answer` answers one message. `end` ends the connection. `shared_buckets` returns the rate limits that this client
    shares with others; it is asked for each message, because a client has none before its user is known.
    """

    __slots__ = (
        "_answer",
        "_bucket",
        "_bytes",
        "_end",
        "_is_closed",
        "_loop",
        "_messages",
        "_rate",
        "_shared_buckets",
        "_task",
    )

    def __init__(
        self,
        answer: Answer,
        end: Callable[[Code], None],
        message_rate: MessageRate,
        shared_buckets: Callable[[], list[TokenBucket]] = list,
    ) -> None:
        self._answer, self._end, self._rate, self._shared_buckets = answer, end, message_rate, shared_buckets
        self._loop = asyncio.get_running_loop()
        self._bucket = TokenBucket(message_rate.burst, message_rate.per_second, self._loop.time())
        self._messages: list[str | bytes] = []
        self._bytes = 0
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False

    def enqueue(self, message: str | bytes) -> None:
        """Adds one message; never waits. Above the bound the connection ends."""
        if self._is_closed:
            return
        self._messages.append(message)
        self._bytes += len(message)
        if len(self._messages) > self._rate.queued_messages or self._bytes > self._rate.queued_bytes:
            self.close()
            self._end(Disconnect.TOO_MANY_REQUESTS)
        elif self._task is None:
            self._task = self._loop.create_task(self._answer_all())

    def close(self) -> None:
        """Answers nothing more. The message that is being answered is finished: it may be in the middle of a write."""
        self._is_closed = True
        self._messages.clear()
        self._bytes = 0

    async def _answer_all(self) -> None:
        try:
            while self._messages:
                for bucket in (self._bucket, *self._shared_buckets()):
                    while not bucket.take(self._loop.time()):  # noqa: ASYNC110  time is all it waits for
                        await asyncio.sleep(bucket.wait(self._loop.time()))
                if self._messages:  # the queue may have been closed meanwhile
                    message = self._messages.pop(0)
                    self._bytes -= len(message)
                    await self._answer(message)
        finally:
            self._task = None
