"""What a connection may do next: commands in, replies out, no socket.

One command at a time, in order; neighbouring subscribes are answered together. A mistake of the client gets a typed
error and changes nothing; what cannot be answered ends the connection with the code that says whether to come back.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tidewire.connection import commands
from tidewire.connection.rpc import Caller
from tidewire.declare.registry import registry
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.send_queue import SendQueue
from tidewire.delivery.subscription import Subscription
from tidewire.engine.services import Services
from tidewire.ground import metrics, streams
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential
from tidewire.ground.timer_wheel import Handle, timer_wheel
from tidewire.ground.token_bucket import TokenBucket
from tidewire.protocol.codec import Codec, subscribe_result
from tidewire.protocol.codes import Code, Disconnect, ErrorCode, Unsubscribe
from tidewire.protocol.requests import BadCommand, BadFrame, Command, SubscribeRequest
from tidewire.protocol.results import ConnectResult, RefreshResult, SubscribeResult

logger = logging.getLogger(__name__)

VERSION = "tidewire"
SIGNAL_BURST, SIGNALS_PER_SECOND = 5, 1.0
"""Typing and the like, of one connection: at once, and in the long run."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one connection is allowed, and when it ends by itself; see conf.DEFAULTS."""

    ping_seconds: int
    connect_seconds: float
    expiry_grace_seconds: float
    max_frame_bytes: int
    max_commands: int
    max_subscriptions: int


class Ended(Exception):
    """The connection ends with this code."""

    def __init__(self, code: Code) -> None:
        super().__init__(code.reason)
        self.code = code


class Connection:
    """The protocol's state of one client. `close` ends the socket; it is called at most once."""

    answers = commands.ANSWERS

    def __init__(
        self,
        services: Services,
        *,
        send_queue: SendQueue,
        codec: Codec,
        rules: Rules,
        close: Callable[[Code], None],
        scope: dict[str, Any] | None = None,
        credential: str = "",
    ) -> None:
        self.id = str(uuid.uuid4())
        self.identity: Identity | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.services, self.codec = services, codec
        self.address = ((scope or {}).get("client") or ("",))[0]
        self._send_queue, self._rules = send_queue, rules
        self._close, self._scope, self._credential = close, scope or {}, credential
        self._is_closed = False
        self._loop, self._timer_wheel = asyncio.get_running_loop(), timer_wheel()
        self._ping_timer: Handle | None = None
        self._end_timer = self._timer_wheel.call_later(rules.connect_seconds, self.end, Disconnect.STALE)
        self._user_bucket: TokenBucket | None = None
        self.signals = TokenBucket(SIGNAL_BURST, SIGNALS_PER_SECOND, self._loop.time())
        services.connections.add(self)

    @property
    def info(self) -> dict[str, str]:
        """Whom others see."""
        return {"user": self.identity.user_id, "client": self.id}

    @property
    def caller(self) -> Caller:
        return Caller(self.identity, self._credential, self._scope)

    @property
    def unread(self) -> int:
        return self._send_queue.unread

    def buckets(self) -> list[TokenBucket]:
        """What this connection shares with the others of its user."""
        return [self._user_bucket] if self._user_bucket is not None else []

    async def receive(self, message: str | bytes) -> None:
        """Answers one message of the client. Ends the connection rather than raise."""
        if self._is_closed:
            return
        try:
            for is_subscribe, group in itertools.groupby(self._decode(message), _is_subscribe):
                neighbours = list(group)
                await (self._subscribe(neighbours) if is_subscribe else self._answer_each(neighbours))
        except Ended as ended:
            self.end(ended.code)
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.exception("a command failed")
            self.end(Disconnect.SERVER_ERROR)

    def end(self, code: Code) -> None:
        """Ends the connection from the server's side, once."""
        if not self._is_closed:
            metrics.disconnects.labels(code.code).inc()
            self.closed()
            self._close(code)

    def closed(self) -> None:
        """The socket is gone, or about to go: nothing of this connection stays registered."""
        if self._is_closed:
            return
        self._is_closed = True
        self.services.connections.discard(self)
        for timer in (self._ping_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        for subscription in list(self.subscriptions.values()):
            self.release(subscription)
        if self.identity is not None and self.identity.session_id:
            self.services.sessions.discard(self.identity.session_id, self)

    # -- commands ----------------------------------------------------------------------------------------------------

    def _decode(self, message: str | bytes) -> list[Command | BadCommand]:
        if len(message) > self._rules.max_frame_bytes:
            raise Ended(Disconnect.BAD_REQUEST)
        try:
            decoded = list(self.codec.decode(message))
        except BadFrame as error:
            logger.info("bad frame: %s", error)
            raise Ended(Disconnect.BAD_REQUEST) from None
        if len(decoded) > self._rules.max_commands:
            raise Ended(Disconnect.BAD_REQUEST)
        return decoded

    async def _answer_each(self, group: Iterable[Command | BadCommand]) -> None:
        for command in group:
            if self._is_closed:
                return
            if isinstance(command, BadCommand):
                self._require_connected()
                self._refuse(command.id, ErrorCode.BAD_REQUEST, "other")
            elif command.is_pong:
                self._send_queue.pong()
            else:
                await self._answer(command)

    async def _answer(self, command: Command) -> None:
        method = next(iter(command.methods), "")
        if method == "send":
            return  # asynchronous messages have no answer, and nobody listens for them
        if command.id == 0:
            raise Ended(Disconnect.BAD_REQUEST)
        if method != "connect":
            self._require_connected()
        answer = self.answers.get(method, commands.unknown)
        try:
            if method in commands.COUNTED and not await self.services.reader.may_command(self.identity):
                raise commands.Refused(ErrorCode.TOO_MANY_REQUESTS)
            result = await answer(self, getattr(command, method, None))
        except commands.Refused as refused:
            self._refuse(command.id, refused.code, method if method in self.answers else "other")
        else:
            metrics.replies.labels(method, 0).inc()
            self._send_queue.enqueue(self.codec.reply(command.id, result))

    # -- identity ----------------------------------------------------------------------------------------------------

    async def connect(self, token: str) -> ConnectResult:
        """The first command of every client. Raises Refused for a token of yesterday: the client fetches another."""
        if self.identity is not None:
            raise Ended(Disconnect.BAD_REQUEST)
        await self._identify(token or self._credential)
        self._user_bucket = self.services.connections.identify(self, self.identity.user_id, self._loop.time())
        self._schedule_ping()
        return ConnectResult(self.id, VERSION, self._rules.ping_seconds, pong=True, **self._expiry())

    async def refresh(self, token: str) -> RefreshResult:
        """A newer token of the same user, on the live socket. What it may not read is followed no longer."""
        await self._identify(token)
        for subscription in list(self.subscriptions.values()):
            if not self.identity.may_read(subscription.stream):
                self.services.hub.end(subscription, Unsubscribe.SERVER)
        return RefreshResult(self.id, VERSION, **self._expiry())

    async def _identify(self, token: str) -> None:
        try:
            with metrics.authenticating.time():
                identity = self.services.authenticate(token)
                if not isinstance(identity, Identity):
                    identity = await self.services.reader.identify(identity)
        except ExpiredCredential:
            raise commands.Refused(ErrorCode.TOKEN_EXPIRED) from None
        except InvalidCredential:
            raise Ended(Disconnect.INVALID_TOKEN) from None
        if self._is_closed or self.services.sessions.has_ended(identity.session_id):
            raise Ended(Disconnect.INVALID_TOKEN)
        if self.identity is not None and self.identity.user_id != identity.user_id:
            raise Ended(Disconnect.PERMISSION_DENIED)
        self._follow_session(identity)
        self.identity, self._credential = identity, token

    def _follow_session(self, identity: Identity) -> None:
        """The socket ends with its session."""
        if self.identity is not None and self.identity.session_id:
            self.services.sessions.discard(self.identity.session_id, self)
        if identity.session_id:
            self.services.sessions.add(identity.session_id, self)

    def _expiry(self) -> dict[str, Any]:
        """When the identity ends, for the client; and the end of the socket if nothing new comes by then."""
        self._end_timer.cancel()
        expires_at = self.identity.expires_at
        if expires_at is None:
            return {}
        left = max(0.0, expires_at - time.time())
        if not self.identity.is_renewable:  # an SDK that is told would ask for a successor, which there is not
            self._end_timer = self._timer_wheel.call_later(left, self.end, Disconnect.EXPIRED)
            return {}
        self._end_timer = self._timer_wheel.call_later(
            left + self._rules.expiry_grace_seconds, self.end, Disconnect.EXPIRED
        )
        return {"expires": True, "ttl": max(1, int(left))}

    # -- subscribe ---------------------------------------------------------------------------------------------------

    async def _subscribe(self, group: list[Command]) -> None:
        self._require_connected()
        subscribing = [pair for command in group if (pair := self._begin(command))]
        if not subscribing:
            return
        try:
            with metrics.subscribing.time():
                outcomes = await self.services.recovery.subscribe(
                    self.identity.user_id, [(subscription, command.subscribe) for subscription, command in subscribing]
                )
        except Exception:
            logger.exception("subscribing failed")
            outcomes = [Outcome(error=ErrorCode.INTERNAL)] * len(subscribing)
        for (subscription, command), outcome in zip(subscribing, outcomes, strict=True):
            self._answer_subscribe(command, subscription, outcome)

    def _begin(self, command: Command) -> tuple[Subscription, Command] | None:
        """Registers a subscription for this connection, or refuses."""
        request = command.subscribe
        if command.id == 0:
            raise Ended(Disconnect.BAD_REQUEST)
        if request.channel in self.subscriptions:
            return self._refuse(command.id, ErrorCode.ALREADY_SUBSCRIBED)
        is_known = streams.parse(request.channel) and registry.kind_of(request.channel)
        if not is_known or not self.identity.may_read(request.channel):
            return self._refuse(command.id, ErrorCode.PERMISSION_DENIED)  # as for one that is hidden
        if len(self.subscriptions) >= self._rules.max_subscriptions:
            return self._refuse(command.id, ErrorCode.LIMIT_EXCEEDED)
        subscription = self.subscriptions[request.channel] = self._subscription(request)
        return subscription, command

    def _subscription(self, request: SubscribeRequest) -> Subscription:
        return Subscription(
            request.channel, self.info, self._send_queue, self.codec, self._forget, is_hearing_joins=request.join_leave
        )

    def _answer_subscribe(self, command: Command, subscription: Subscription, outcome: Outcome) -> None:
        """Synchronous from the decision on: no event can come between the reply and the opening of the gate."""
        if self._is_closed or outcome.error is not None:
            self.release(subscription)
            if outcome.error is not None:
                self._refuse(command.id, outcome.error)
            return
        result = self._subscribe_result(subscription, outcome)
        metrics.replies.labels("subscribe", 0).inc()
        self._send_queue.enqueue(self.codec.reply(command.id, result))
        self.services.recovery.proceed(subscription)
        self.services.presence.arrive(subscription)

    def _subscribe_result(self, subscription: Subscription, outcome: Outcome) -> SubscribeResult:
        return subscribe_result(
            subscription.codec,
            epoch=outcome.epoch,
            offset=outcome.offset,
            was_recovering=outcome.was_recovering,
            is_recovered=outcome.is_recovered,
            entries=outcome.entries,
        )

    def release(self, subscription: Subscription) -> None:
        """Ends a subscription from the client's side."""
        subscription.drop()
        self.services.hub.unwatch(subscription)
        self._forget(subscription)

    def _forget(self, subscription: Subscription) -> None:
        self.services.presence.depart(subscription)
        if self.subscriptions.get(subscription.stream) is subscription:
            del self.subscriptions[subscription.stream]

    # -- small steps -------------------------------------------------------------------------------------------------

    def _refuse(self, id: int, code: Code, method: str = "subscribe") -> None:
        metrics.replies.labels(method, code.code).inc()
        self._send_queue.enqueue(self.codec.error(id, code))

    def _require_connected(self) -> None:
        if self.identity is None:
            raise Ended(Disconnect.BAD_REQUEST)

    def _schedule_ping(self) -> None:
        self._ping_timer = self._timer_wheel.call_later(self._rules.ping_seconds, self._send_ping)

    def _send_ping(self) -> None:
        self._send_queue.ping()
        self._schedule_ping()


def _is_subscribe(command: Command | BadCommand) -> bool:
    return isinstance(command, Command) and "subscribe" in command.methods
