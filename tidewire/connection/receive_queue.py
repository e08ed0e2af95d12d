"""The bounded receive queue of one connection: messages are answered in order, at the rate the client is allowed.

Servers do not hold back a client that sends fast (daphne queues without bound). So the loop of the socket only puts
messages into this queue, and a task that lives while there are messages answers them. A burst is answered at once, more
is answered at the permitted rate, and a client that sends more than the queue holds is disconnected with 3013.

A phone that comes back subscribes to each of its streams, with many SDKs in a message of its own. Subscribes that wait
one behind the other are therefore answered together: one access query for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tidewire.connection.errors import DisconnectError
from tidewire.ground.token_bucket import ClientRate, Cost, TokenBucket
from tidewire.protocol.codes import Code, Disconnect


@dataclass(frozen=True, slots=True)
class MessageRate:
    """How much one client may send; see DEFAULTS in ground/conf.py."""

    burst: int
    per_second: float
    subscribe_burst: int
    queued_messages: int
    queued_bytes: int

    def client_rate(self, now: float, times: int = 1) -> ClientRate:
        """Returns the rate of one client; with `times`, of so many together."""
        return ClientRate(
            TokenBucket(times * self.burst, times * self.per_second, now),
            TokenBucket(times * self.subscribe_burst, times * self.per_second, now),
        )


ONE_COMMAND = Cost()


@dataclass(frozen=True, slots=True)
class Parsed:
    """A message of the client as the connection understood it, and what it costs."""

    content: Any
    cost: Cost = ONE_COMMAND

    @property
    def is_only_subscribing(self) -> bool:
        return self.cost.commands == 0


Parse = Callable[[str | bytes], Parsed]
Answer = Callable[[list[Parsed]], Awaitable[int]]


class ReceiveQueue:
    """Messages of one client. Used from one event loop.

    `parse` reads one message, or raises DisconnectError. `answer` answers messages that belong together, and returns
    how many commands more than they hold this has cost. `end` ends the connection. `shared_rates` returns the rate
    limits that this client shares with others; it is asked for each message, because a client has none before its user
    is known.
    """

    __slots__ = (
        "_answer",
        "_bytes",
        "_client_rate",
        "_end",
        "_is_closed",
        "_loop",
        "_messages",
        "_parse",
        "_parsed",
        "_rate",
        "_shared_rates",
        "_task",
    )

    def __init__(
        self,
        parse: Parse,
        answer: Answer,
        end: Callable[[Code], None],
        message_rate: MessageRate,
        shared_rates: Callable[[], list[ClientRate]] = list,
    ) -> None:
        self._parse, self._answer, self._end, self._shared_rates = parse, answer, end, shared_rates
        self._loop = asyncio.get_running_loop()
        self._rate, self._client_rate = message_rate, message_rate.client_rate(self._loop.time())
        self._messages: deque[str | bytes] = deque()
        self._parsed: Parsed | None = None  # the next message, when it was looked at and could not be answered yet
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
        self._parsed = None
        self._bytes = 0

    async def _answer_all(self) -> None:
        try:
            while (first := self._next()) is not None:
                while wait := self._wait(first.cost):  # noqa: ASYNC110  time is all it waits for
                    await asyncio.sleep(wait)
                if self._is_closed:  # meanwhile
                    return
                group = [self._take(first)]
                while first.is_only_subscribing and (other := self._next()) is not None:
                    if not other.is_only_subscribing or self._wait(other.cost):
                        break
                    group.append(self._take(other))
                if not self._is_closed and (extra := await self._answer(group)):
                    self._spend(Cost(commands=extra))
        finally:
            self._task = None

    def _next(self) -> Parsed | None:
        """Returns the next message without taking it, or None when there is none. One that cannot be read ends the
        connection."""
        if self._parsed is None and self._messages:
            try:
                self._parsed = self._parse(self._messages[0])
            except DisconnectError as error:
                self.close()
                self._end(error.code)
        return self._parsed

    def _wait(self, cost: Cost) -> float:
        now = self._loop.time()
        return max(rate.wait(cost, now) for rate in (self._client_rate, *self._shared_rates()))

    def _take(self, parsed: Parsed) -> Parsed:
        """Takes the message that `_next` returned, and counts it."""
        self._spend(parsed.cost)
        self._bytes -= len(self._messages.popleft())
        self._parsed = None
        return parsed

    def _spend(self, cost: Cost) -> None:
        now = self._loop.time()
        for rate in (self._client_rate, *self._shared_rates()):
            rate.spend(cost, now)
