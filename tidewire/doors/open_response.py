"""A response that stays open: one of its user's connections, as a socket is, with subscriptions of the hub."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import deque
from typing import Protocol

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

from tidewire.delivery.connections import Connections, OpenConnection
from tidewire.delivery.revocation_log import Endable
from tidewire.delivery.subscription import Subscription
from tidewire.doors.open_body import OpenBody
from tidewire.doors.refusals import PRIVATE, Headers, draining, full, unauthorized
from tidewire.doors.requests import DoorRequest
from tidewire.doors.response_queue import ResponseQueue
from tidewire.engine.engine import Engine
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.connection_states import ConnectionState, StreamSeen, device_of
from tidewire.ground.credentials import Identity
from tidewire.ground.timer_wheel import Handle
from tidewire.protocol.codec import EventCodec
from tidewire.protocol.codes import Code, Disconnect
from tidewire.protocol.pushes import ClientInfo, DisconnectPush

EVENT_STREAM: Headers = [
    (b"content-type", b"text/event-stream"),
    *PRIVATE,
    (b"x-accel-buffering", b"no"),  # nginx and its kind pass every event on at once
]


class Counted(OpenConnection, Endable, Protocol):
    """A response as the registries of connections and of sessions see it."""


def require_place(connections: Connections) -> None:
    """Raises RefusalError where the process takes no more connections: it is full, or about to end."""
    if connections.is_closed:
        raise draining()
    if connections.is_full:
        raise full()


def register(engine: Engine, identity: Identity, response: Counted) -> None:
    """Makes the response one of its user's connections, which ends with the session. Raises RefusalError where that has
    ended already, and where there is no place."""
    require_place(engine.connections)
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
        self._engine, self._codec = engine, codec
        self._body = OpenBody(request.scope, send)
        self.send_queue = ResponseQueue(
            codec, request.scope, send, self.end, conf.MAX_UNREAD_BYTES, engine.flusher, engine.timer_wheel
        )
        self.is_ended = False
        self._timers: dict[str, Handle] = {}
        register(engine, identity, self)

    @property
    def unread(self) -> int:
        """Bytes that were not passed to the client's connection yet."""
        return self.send_queue.unread

    async def start(self, headers: Headers = EVENT_STREAM) -> None:
        """Sends the status and the headers, and starts the timers."""
        await self._body.start(headers, self._codec.ping())
        seconds = conf.RESPONSE_SECONDS * random.uniform(0.9, 1.1)
        self._timers["life"] = self._engine.timer_wheel.call_later(seconds, self.finish)
        if self.identity.expires_at is not None:
            left = max(0.0, self.identity.expires_at - time.time())
            if left < seconds:
                self._timers["expiry"] = self._engine.timer_wheel.call_later(left, self.end, Disconnect.EXPIRED)
        self._comment_later()
        self._body.ask_when_half_closed(self._comment, self._engine.timer_wheel)

    async def stay_open(self, receive: ASGIReceiveCallable) -> None:
        """Returns when the client has left or the response has ended."""
        try:
            await self._body.stay_open(receive)
        finally:
            self.closed()
            if not self._body.is_closing:
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
        self._body.end(self.send_queue, code)

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

    def _comment(self) -> None:
        self.send_queue.enqueue(self._codec.ping())

    def _comment_later(self) -> None:
        self._timers["comment"] = self._engine.timer_wheel.call_later(conf.COMMENT_SECONDS, self._comment_again)

    def _comment_again(self) -> None:
        self._comment()
        self._comment_later()
