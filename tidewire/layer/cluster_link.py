"""A connection to one node of a Redis Cluster, on which its channels of sharded publish/subscribe are received."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from typing import Any, Protocol

from redis.asyncio.cluster import ClusterNode
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import MovedError, RedisClusterException, RedisError, ResponseError

from tidewire.ground.cancellation import end, run_together

logger = logging.getLogger(__name__)

PING_SECONDS = 3.0
"""How often a node is asked whether it is there: a frozen one closes nothing. It has as long to answer."""
CONNECT_SECONDS = 2.0

FAILURES = (RedisError, RedisClusterException, OSError, TimeoutError, LookupError)
"""What a cluster or one of its nodes may raise. redis-py raises a LookupError for a slot that no node has."""


class Listener(Protocol):
    """Receives all that happens on a link. Methods are called in the loop and do not wait."""

    def receive(self, channel: bytes, data: bytes) -> None:
        """Takes a message."""

    def confirm(self, channel: bytes) -> None:
        """The node has taken a subscription."""

    def lose(self, channel: bytes, error: Exception | None) -> None:
        """The node has refused a subscription, or ended it: its slot has moved to another node, which a MovedError may
        name, or it is not allowed."""

    def end(self, link: NodeLink) -> None:
        """The connection has ended, and all subscriptions on it."""


class NodeLink:
    """The subscriptions at one node. It connects once: after its end the listener makes another."""

    def __init__(self, node: ClusterNode, listener: Listener) -> None:
        self.name, self.channels = node.name, set[bytes]()
        self._listener = listener
        options = node.connection_kwargs | {"retry": Retry(NoBackoff(), 0), "health_check_interval": 0}
        self._connection = node.connection_class(**options)
        self._orders: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._unanswered: deque[tuple[bytes, ...]] = deque()
        self._answered_at = asyncio.get_running_loop().time()
        self._is_closed = False
        self._task = asyncio.create_task(self._run())

    def subscribe(self, channel: bytes) -> None:
        self.channels.add(channel)
        self._orders.put_nowait(("SSUBSCRIBE", channel))

    def unsubscribe(self, channel: bytes) -> None:
        self.channels.discard(channel)
        self._orders.put_nowait(("SUNSUBSCRIBE", channel))

    async def close(self) -> None:
        """Ends the connection, without a word to the listener."""
        self._is_closed = True
        await end(self._task)

    async def _run(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connection.connect()
            await run_together(self._read(), self._write(), self._ping())
        except FAILURES as error:
            logger.debug("the connection to %s has ended: %s", self.name, error)
        except Exception as error:
            # redis-py raises an AttributeError where one task writes after another has found the connection closed.
            # Whatever it is, the subscriptions must get another place.
            logger.info("the connection to %s has ended: %r", self.name, error)
        finally:
            await self._connection.disconnect(nowait=True)
        if not self._is_closed:
            self._listener.end(self)

    async def _write(self) -> None:
        """Sends what was ordered, in order. The node answers in the same order."""
        while True:
            verb, channel = await self._orders.get()
            await self._send(verb, channel)

    async def _send(self, verb: str, *arguments: bytes) -> None:
        self._unanswered.append((verb.lower().encode(), *arguments))
        await self._connection.send_command(verb, *arguments, check_health=False)

    async def _ping(self) -> None:
        """Raises TimeoutError when the node has not answered within PING_SECONDS."""
        loop = asyncio.get_running_loop()
        while True:
            asked_at = loop.time()
            await self._send("PING")
            await asyncio.sleep(PING_SECONDS)
            if self._answered_at < asked_at:
                raise TimeoutError(f"no answer in {PING_SECONDS} s")

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                answer: Any = await self._connection.read_response(disable_decoding=True, timeout=math.inf)
            except ResponseError as error:
                self._refused(error)
                continue
            finally:
                self._answered_at = loop.time()
            if answer == b"PONG" or answer[0] == b"pong":  # the word alone without a subscription
                self._answered(b"ping")
            elif answer[0] == b"smessage":
                self._listener.receive(answer[1], answer[2])
            else:
                self._changed(answer[0], answer[1])

    def _changed(self, kind: bytes, channel: bytes) -> None:
        was_ordered = self._answered(kind, channel)
        if kind == b"ssubscribe" and channel in self.channels:
            self._listener.confirm(channel)
        elif kind == b"sunsubscribe" and not was_ordered and channel in self.channels:  # its slot has moved
            self._let_go(channel, None)

    def _answered(self, *order: bytes) -> bool:
        """Forgets the oldest order, if it is this one, and returns whether it is. A node also ends subscriptions
        without an order."""
        is_this = bool(self._unanswered) and self._unanswered[0] == order
        if is_this:
            self._unanswered.popleft()
        return is_this

    def _refused(self, error: ResponseError) -> None:
        """Takes an error for the answer to the oldest order."""
        kind, *arguments = self._unanswered.popleft() if self._unanswered else (b"",)
        if kind == b"ssubscribe" and arguments[0] in self.channels:
            self._let_go(arguments[0], error)

    def _let_go(self, channel: bytes, error: Exception | None) -> None:
        self.channels.discard(channel)
        self._listener.lose(channel, error)


def has_moved(error: Exception | None) -> bool:
    """Returns whether a subscription was lost only because another node has its slot now."""
    return error is None or isinstance(error, MovedError)
