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
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from realtime.codes import Code, Disconnect, ErrorCode
from realtime.frames import (
    BadCommand,
    BadFrame,
    ChannelRequest,
    Codec,
    Command,
    ConnectRequest,
    RefreshRequest,
    subscribe_result,
)
from realtime.hub import Hub
from realtime.outbox import Outbox
from realtime.recovery import Outcome, Recovery
from realtime.subscription import Subscription
from realtime.tokens import ExpiredCredential, Identity, InvalidCredential

logger = logging.getLogger(__name__)

VERSION = "tidewire"


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

    def __init__(
        self,
        *,
        hub: Hub,
        recovery: Recovery,
        authenticate: Callable[[str], Identity],
        outbox: Outbox,
        codec: Codec,
        rules: Rules,
        close: Callable[[Code], None],
        credential: str = "",
    ) -> None:
        self.id = str(uuid.uuid4())
        self.identity: Identity | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self._hub, self._recovery, self._authenticate = hub, recovery, authenticate
        self._outbox, self._codec, self._rules = outbox, codec, rules
        self._close, self._credential = close, credential
        self._is_closed = False
        self._loop = asyncio.get_running_loop()
        self._ping_timer: asyncio.TimerHandle | None = None
        self._end_timer = self._loop.call_later(rules.connect_seconds, self.end, Disconnect.STALE)

    async def receive(self, message: str | bytes) -> None:
        """Answers one message of the client. Ends the connection rather than raise."""
        try:
            for is_subscribe, commands in itertools.groupby(self._decode(message), _is_subscribe):
                if is_subscribe:
                    await self._subscribe(list(commands))
                else:
                    await self._answer_each(commands)
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
            self.closed()
            self._close(code)

    def closed(self) -> None:
        """The socket is gone, or about to go: nothing of this connection stays registered."""
        if self._is_closed:
            return
        self._is_closed = True
        for timer in (self._ping_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        for subscription in self.subscriptions.values():
            subscription.drop()
            self._hub.unwatch(subscription)
        self.subscriptions.clear()

    # -- commands ----------------------------------------------------------------------------------------------------

    def _decode(self, message: str | bytes) -> list[Command | BadCommand]:
        if len(message) > self._rules.max_frame_bytes:
            raise Ended(Disconnect.BAD_REQUEST)
        try:
            commands = list(self._codec.decode(message))
        except BadFrame as error:
            logger.info("bad frame: %s", error)
            raise Ended(Disconnect.BAD_REQUEST) from None
        if len(commands) > self._rules.max_commands:
            raise Ended(Disconnect.BAD_REQUEST)
        return commands

    async def _answer_each(self, commands) -> None:
        for command in commands:
            if isinstance(command, BadCommand):
                self._require_connected()
                self._refuse(command.id, ErrorCode.BAD_REQUEST)
            elif command.is_pong:
                self._outbox.pong()
            else:
                await self._answer(command)

    async def _answer(self, command: Command) -> None:
        methods = command.methods
        method = methods[0] if methods else ""
        if method == "send":
            return  # asynchronous messages have no answer, and nobody listens for them
        if command.id == 0:
            raise Ended(Disconnect.BAD_REQUEST)
        if method != "connect":
            self._require_connected()
        answer = self._ANSWERS.get(method)
        if answer is None:
            self._refuse(command.id, ErrorCode.NOT_AVAILABLE if method else ErrorCode.METHOD_NOT_FOUND)
        else:
            await answer(self, command.id, getattr(command, method))

    async def _connect(self, id: int, request: ConnectRequest) -> None:
        if self.identity is not None:
            raise Ended(Disconnect.BAD_REQUEST)
        identity = self._identify(id, request.token or self._credential)
        if identity is None:
            return
        self.identity = identity
        self._end_timer.cancel()
        result = {"client": self.id, "version": VERSION, "ping": self._rules.ping_seconds, "pong": True}
        self._offer(self._codec.reply(id, "connect", result | self._expiry()))
        self._schedule_ping()

    async def _refresh(self, id: int, request: RefreshRequest) -> None:
        identity = self._identify(id, request.token)
        if identity is None:
            return
        if identity.user_id != self.identity.user_id:
            raise Ended(Disconnect.PERMISSION_DENIED)
        self.identity = identity
        result = {"client": self.id, "version": VERSION}
        self._offer(self._codec.reply(id, "refresh", result | self._expiry()))

    async def _unsubscribe(self, id: int, request: ChannelRequest) -> None:
        subscription = self.subscriptions.pop(request.channel, None)
        if subscription is not None:
            subscription.drop()
            self._hub.unwatch(subscription)
        self._offer(self._codec.reply(id, "unsubscribe", {}))

    async def _ping(self, id: int, request: object) -> None:
        self._offer(self._codec.reply(id, "ping", {}))

    _ANSWERS: dict[str, Callable[[Connection, int, object], Awaitable[None]]] = {
        "connect": _connect,
        "refresh": _refresh,
        "unsubscribe": _unsubscribe,
        "ping": _ping,
    }

    # -- subscribe ---------------------------------------------------------------------------------------------------

    async def _subscribe(self, commands: list[Command]) -> None:
        self._require_connected()
        subscribing = [pair for command in commands if (pair := self._begin(command))]
        if not subscribing:
            return
        try:
            outcomes = await self._recovery.subscribe(
                self.identity.user_id, [(subscription, command.subscribe) for subscription, command in subscribing]
            )
        except Exception:
            logger.exception("subscribing failed")
            outcomes = [Outcome(error=ErrorCode.INTERNAL)] * len(subscribing)
        for (subscription, command), outcome in zip(subscribing, outcomes, strict=True):
            self._answer_subscribe(command, subscription, outcome)

    def _begin(self, command: Command) -> tuple[Subscription, Command] | None:
        """Registers a subscription for this connection, or refuses."""
        channel = command.subscribe.channel
        if command.id == 0:
            raise Ended(Disconnect.BAD_REQUEST)
        if channel in self.subscriptions:
            return self._refuse(command.id, ErrorCode.ALREADY_SUBSCRIBED)
        if len(self.subscriptions) >= self._rules.max_subscriptions:
            return self._refuse(command.id, ErrorCode.LIMIT_EXCEEDED)
        subscription = Subscription(channel, self.identity.user_id, self._outbox, self._codec, self._forget)
        self.subscriptions[channel] = subscription
        return subscription, command

    def _answer_subscribe(self, command: Command, subscription: Subscription, outcome: Outcome) -> None:
        """Synchronous from the decision on: no event can come between the reply and the opening of the gate."""
        if self._is_closed:
            subscription.drop()
            self._hub.unwatch(subscription)
        elif outcome.error is not None:
            subscription.drop()
            self._forget(subscription.stream)
            self._refuse(command.id, outcome.error)
        else:
            self._offer(self._codec.reply(command.id, "subscribe", _result(self._codec, outcome)))
            self._recovery.proceed(subscription)

    def _forget(self, channel: str) -> None:
        self.subscriptions.pop(channel, None)

    # -- small steps -------------------------------------------------------------------------------------------------

    def _offer(self, frame: bytes) -> None:
        self._outbox.offer(frame)

    def _refuse(self, id: int, code: Code) -> None:
        self._offer(self._codec.error(id, code))

    def _require_connected(self) -> None:
        if self.identity is None:
            raise Ended(Disconnect.BAD_REQUEST)

    def _identify(self, id: int, credential: str) -> Identity | None:
        """None when the client was told that its token is of yesterday: it fetches another and asks again."""
        try:
            return self._authenticate(credential)
        except ExpiredCredential:
            self._refuse(id, ErrorCode.TOKEN_EXPIRED)
            return None
        except InvalidCredential:
            raise Ended(Disconnect.INVALID_TOKEN) from None

    def _expiry(self) -> dict[str, object]:
        """When the identity ends, for the client; and the end of the socket if nothing new comes by then."""
        self._end_timer.cancel()
        expires_at = self.identity.expires_at
        if expires_at is None:
            return {}
        left = expires_at - time.time()
        self._end_timer = self._loop.call_later(
            max(0.0, left) + self._rules.expiry_grace_seconds, self.end, Disconnect.EXPIRED
        )
        return {"expires": True, "ttl": max(1, int(left))}

    def _schedule_ping(self) -> None:
        self._ping_timer = self._loop.call_later(self._rules.ping_seconds, self._send_ping)

    def _send_ping(self) -> None:
        self._outbox.ping()
        self._schedule_ping()


def _is_subscribe(command: Command | BadCommand) -> bool:
    return isinstance(command, Command) and "subscribe" in command.methods


def _result(codec: Codec, outcome: Outcome) -> dict[str, object]:
    return subscribe_result(
        codec,
        epoch=outcome.epoch,
        offset=outcome.offset,
        was_recovering=outcome.was_recovering,
        is_recovered=outcome.is_recovered,
        entries=outcome.entries,
    )
