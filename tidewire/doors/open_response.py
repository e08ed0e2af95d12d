"""A response that stays open: one of its user's connections, as a socket is, with subscriptions of the hub."""

from __future__ import annotations

import asyncio
import logging
import random
import time
import uuid
from collections import deque
from functools import partial
from typing import Protocol

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

from tidewire.delivery.connections import OpenConnection
from tidewire.delivery.revocation_log import Endable
from tidewire.delivery.subscription import Subscription
from tidewire.doors.refusals import PRIVATE, Headers, unauthorized
from tidewire.doors.requests import DoorRequest
from tidewire.doors.response_queue import ResponseQueue
from tidewire.engine.engine import Engine
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.connection_states import ConnectionState, StreamSeen, device_of
from tidewire.ground.credentials import Identity
from tidewire.ground.timer_wheel import Handle
from tidewire.protocol import http_chunks
from tidewire.protocol.codec import EventCodec
from tidewire.protocol.codes import Code, Disconnect
from tidewire.protocol.pushes import ClientInfo, DisconnectPush

logger = logging.getLogger(__name__)

LAST_SECONDS = 5.0
"""So long the server may take for the last bytes. uvicorn waits for a client that does not read, perhaps for ever."""

PROBE_SECONDS = 1.0
"""Above the time of a round trip."""

EVENT_STREAM: Headers = [
    (b"content-type", b"text/event-stream"),
    *PRIVATE,
    (b"x-accel-buffering", b"no"),  # nginx and its kind pass every event on at once
]


class Counted(OpenConnection, Endable, Protocol):
    """A response as the registries of connections and of sessions see it."""


def register(engine: Engine, identity: Identity, response: Counted) -> None:
    """Makes the response one of its user's connections, which ends with the session. Raises RefusalError where that has
    ended already."""
    if engine.sessions.has_ended(identity.session_id):
        raise unauthorized("token_invalid", "The session has ended.")
    engine.connections.add(response)
    engine.connections.identify(response, identity.user_id, asyncio.get_running_loop().time())
    if identity.session_id:
        engine.sessions.add(identity.session_id, response)


def forget(engine: Engine, identity: Identity, response: Counted) -> None:
    engine.connections.discard(response)
    if identity.session_id:
        engine.sessions.discard(identity.session_id, response)


class OpenResponse:
    """One response of server-sent events, from its start until it ends by itself, by its client, or by `end`.

    It ends after about RESPONSE_SECONDS: its client comes back with its position, and is authorised anew. That also
    bounds how long a user reads whose access ended without an event, and spreads clients over processes again.
    """

    door = "log events"

    def __init__(
        self, engine: Engine, identity: Identity, request: DoorRequest, send: ASGISendCallable, codec: EventCodec
    ) -> None:
        self.identity, self.address = identity, request.address
        self.id = str(uuid.uuid4())
        self.info = ClientInfo(identity.user_id, self.id)
        self._opened_at, self._device = time.time(), device_of(request.scope.get("headers", []))
        self._past: deque[StreamSeen] = deque(maxlen=conf.MAX_EVENT_STREAMS)
        self._end_code = 0
        self.subscriptions: dict[str, Subscription] = {}
        self._engine, self._send, self._codec = engine, send, codec
        self._body = http_chunks.body_of(request.scope)
        self.send_queue = ResponseQueue(
            codec, request.scope, send, self.end, conf.MAX_UNREAD_BYTES, engine.flusher, engine.timer_wheel
        )
        self._task = asyncio.current_task()
        self._closing: asyncio.Task[None] | None = None
        self._is_started = self._is_given_up = self.is_ended = False
        self._timers: dict[str, Handle] = {}
        register(engine, identity, self)

    @property
    def unread(self) -> int:
        """Bytes that were not passed to the client's connection yet."""
        return self.send_queue.unread

    async def start(self, headers: Headers = EVENT_STREAM) -> None:
        """Sends the status and the headers, and starts the timers."""
        self._is_started = True
        await self._send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
        # The first part makes the server write the headers.
        await self._send({"type": "http.response.body", "body": self._codec.ping(), "more_body": True})
        seconds = conf.RESPONSE_SECONDS * random.uniform(0.9, 1.1)
        self._timers["life"] = self._engine.timer_wheel.call_later(seconds, self.finish)
        if self.identity.expires_at is not None:
            left = max(0.0, self.identity.expires_at - time.time())
            if left < seconds:
                self._timers["expiry"] = self._engine.timer_wheel.call_later(left, self.end, Disconnect.EXPIRED)
        self._comment_later()
        if self._body is not None:
            self._body.when_half_closed(self._probe)

    async def stay_open(self, receive: ASGIReceiveCallable) -> None:
        """Returns when the client has left or the response has ended."""
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not self._is_given_up or self._task is None:
                raise
            self._task.uncancel()
        finally:
            self.closed()
            if self._closing is None:
                self.send_queue.abandon()

    def end(self, code: Code) -> None:
        """Ends the response from the server's side, with an event that says why."""
        if self.is_ended:
            return
        metrics.disconnects.labels(code.code).inc()
        if code is not Disconnect.SLOW:
            self.send_queue.enqueue(self._codec.push("", DisconnectPush(code.code, code.reason)))
        self.finish(code)

    def finish(self, code: Code | None = None) -> None:
        """Ends the response once what is queued was sent. Its client comes back."""
        if not self.is_ended:
            self._end_code = code.code if code else 0
            self.closed()
        if self._is_started and self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(code))

    async def _close(self, code: Code | None) -> None:
        try:
            if code is Disconnect.SLOW and self._body is not None:
                self._body.abort()
                return
            async with asyncio.timeout(LAST_SECONDS):
                await self.send_queue.flushed()
                self.send_queue.close()
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            self.send_queue.abandon()
        except Exception as error:
            logger.debug("ending a response whose client has left: %s", error)
        finally:
            self._is_given_up = True
            if self._task is not None:
                self._task.cancel()

    def closed(self) -> None:
        """Removes everything of this response that is registered."""
        if self.is_ended:
            return
        self.is_ended = True
        self._engine.connection_log.ended(self, self.describe().ended(time.time(), self._end_code))
        forget(self._engine, self.identity, self)
        for timer in self._timers.values():
            timer.cancel()
        for subscription in list(self.subscriptions.values()):
            subscription.drop()
            self._engine.subscriptions.discard(subscription)
        self.subscriptions.clear()

    def forget(self, subscription: Subscription) -> None:
        """Removes a subscription that the server has ended."""
        if self.subscriptions.pop(subscription.stream, None) is not None:
            self._past.append(subscription.seen(time.time()))
            self._engine.connection_log.changed(self)

    def describe(self) -> ConnectionState:
        """Returns what the logbook keeps of this response."""
        return ConnectionState(
            id=self.id,
            user_id=self.identity.user_id,
            session_id=self.identity.session_id or "",
            address=self.address,
            device=self._device,
            door=self.door,
            opened_at=self._opened_at,
            unread=self.unread,
            streams=(*(each.seen() for each in self.subscriptions.values()), *self._past),
        )

    def _probe(self) -> None:
        """Sends two comments to a client that has closed its sending side. The machine of one that has left refuses the
        first, and the second finds the connection lost; one that only reads ignores both."""
        if not self.is_ended:
            self.send_queue.enqueue(self._codec.ping())
            second = partial(self.send_queue.enqueue, self._codec.ping())
            self._timers["probe"] = self._engine.timer_wheel.call_later(PROBE_SECONDS, second)

    def _comment_later(self) -> None:
        self._timers["comment"] = self._engine.timer_wheel.call_later(conf.COMMENT_SECONDS, self._comment)

    def _comment(self) -> None:
        self.send_queue.enqueue(self._codec.ping())
        self._comment_later()
