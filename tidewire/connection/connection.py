"""One client without its socket: who it is, which streams it follows, and when its connection ends."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.typing import WWWScope

from tidewire.connection.errors import CommandError, DisconnectError
from tidewire.connection.receive_queue import Parsed
from tidewire.connection.rpc import RpcContext
from tidewire.delivery.send_queue import SendQueue
from tidewire.delivery.subscription import Subscription
from tidewire.engine import ephemeral_messages
from tidewire.engine.engine import Engine
from tidewire.ground import metrics
from tidewire.ground.connection_states import MAX_STREAMS, ConnectionState, StreamSeen, device_of, printable
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential
from tidewire.ground.timer_wheel import Handle
from tidewire.ground.token_bucket import ClientRate, TokenBucket
from tidewire.protocol import websocket_frames
from tidewire.protocol.codec import EventCodec
from tidewire.protocol.codes import Code, Disconnect, ErrorCode, Unsubscribe, connects_again
from tidewire.protocol.pushes import ClientInfo, DisconnectPush

logger = logging.getLogger(__name__)

REMEMBERED_SUBSCRIPTIONS = 32
"""Subscriptions that ended, whose end the logbook is still to learn."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one connection is allowed, and when it ends by itself; see DEFAULTS in ground/conf.py."""

    ping_seconds: int
    connect_seconds: float
    expiry_grace_seconds: float
    max_frame_bytes: int
    max_commands: int
    max_subscriptions: int


class Connection:
    """The state of one client. Subclasses say how it is talked to: they implement `answer`.

    `close` closes the socket with a code; it is called at most once. `credential` is that of the handshake, if it had
    one, and later the one that the client was last identified by. `has_close_codes`: the end of a socket says its
    code; where there is no socket, every end is pushed. `session` and `node` name a connection without a socket. `sdk`
    is the client's own name for its software. `is_token_in_address`: the token of its connect command may be logged on
    its way, so a long-lived one is refused.
    """

    door = "websocket"
    has_close_codes = True
    is_token_in_address = False
    session = node = sdk = ""

    def __init__(
        self,
        engine: Engine,
        *,
        send_queue: SendQueue,
        codec: EventCodec,
        rules: Rules,
        close: Callable[[Code], None],
        scope: WWWScope,
        credential: str = "",
    ) -> None:
        self.id = str(uuid.uuid4())
        self.identity: Identity | None = None
        self.credential = credential
        self.subscriptions: dict[str, Subscription] = {}
        self.end_code: Code | None = None  # with which this side ended it
        self._events = 0  # of subscriptions that have ended
        self.received_code = 0  # with which the client closed it
        self.extra_cost = 0  # of the answers to the present messages, in commands
        self.engine, self.send_queue, self._codec, self.rules = engine, send_queue, codec, rules
        self.address = (scope.get("client") or ("",))[0]
        self._close, self._scope = close, scope
        self._opened_at = time.time()
        self._device = device_of(scope.get("headers", []))
        self._past: deque[StreamSeen] = deque(maxlen=REMEMBERED_SUBSCRIPTIONS)
        self._loop = asyncio.get_running_loop()
        self._is_closed = False
        self._session_ids: list[str] = []  # those of every credential so far
        self._ping_timer: Handle | None = None
        self._end_timer = engine.timer_wheel.call_later(rules.connect_seconds, self.end, Disconnect.STALE)
        self._user_rate: ClientRate | None = None
        self._frame_rate = websocket_frames.frame_rate(scope)
        self.ephemeral_bucket = TokenBucket(ephemeral_messages.BURST, ephemeral_messages.PER_SECOND, self._loop.time())
        engine.connections.add(self)

    @property
    def codec(self) -> EventCodec:
        return self._codec

    @property
    def unread(self) -> int:
        """Bytes that the client has not shown to have read."""
        return self.send_queue.unread

    @property
    def events(self) -> int:
        """How many events were enqueued for the client, replays included."""
        return self._events + sum(subscription.delivered for subscription in self.subscriptions.values())

    def shared_rates(self) -> list[ClientRate]:
        """Returns the rate limits that this connection shares with the user's others."""
        return [self._user_rate] if self._user_rate is not None else []

    def pong(self) -> bool:
        """Takes in the answer to a ping. Returns False when none is open: the client may not send it for nothing."""
        is_open = self.send_queue.pong()
        if is_open and self._frame_rate is not None:
            self._frame_rate.give_back(self._loop.time())
        return is_open

    # -- messages and the end ----------------------------------------------------------------------------------------

    async def receive(self, messages: list[Parsed]) -> int:
        """Answers messages of the client, in their order. An error ends the connection and is not raised. Returns how
        many commands the answers cost beside the messages themselves."""
        if self._is_closed:
            return 0
        self.extra_cost = 0
        try:
            await self.answer([message.content for message in messages])
        except DisconnectError as error:
            self.end(error.code)
        except Exception:
            logger.exception("a command failed")
            self.end(Disconnect.SERVER_ERROR)
        return self.extra_cost

    def parse(self, message: str | bytes) -> Parsed:
        """Reads one message of the client. Raises DisconnectError for one that cannot be read."""
        raise NotImplementedError

    async def answer(self, contents: list[Any]) -> None:
        """Answers what `parse` has read. Raises DisconnectError to end the connection."""
        raise NotImplementedError

    def end(self, code: Code) -> None:
        """Ends the connection from the server's side, once."""
        if not self._is_closed:
            self.end_code = code
            metrics.disconnects.labels(code.code).inc()
            if not (self.has_close_codes and connects_again(code)):
                # Also as a push: some servers lose the reason of a close frame, and SDKs come back without one.
                self.send_queue.enqueue(self.codec.push("", DisconnectPush(code.code, code.reason)))
            self.closed()
            self._close(code)

    def closed(self) -> None:
        """Removes everything of this connection that is registered. The socket is gone, or about to be closed."""
        if self._is_closed:
            return
        self._is_closed = True
        self.engine.connections.discard(self)
        if self.identity is not None:
            self.engine.connection_log.ended(self, self.describe().ended(time.time(), self._last_code))
        for timer in (self._ping_timer, self._end_timer):
            if timer is not None:
                timer.cancel()
        for subscription in list(self.subscriptions.values()):
            self.release(subscription)
        for session_id in self._session_ids:
            self.engine.sessions.discard(session_id, self)

    # -- identity ----------------------------------------------------------------------------------------------------

    def require_identity(self) -> Identity:
        """Returns the identity. Raises DisconnectError when the client has not sent a credential yet."""
        if self.identity is None:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        return self.identity

    @property
    def info(self) -> ClientInfo:
        """The user and the connection, as other clients see them."""
        return ClientInfo(self.require_identity().user_id, self.id)

    @property
    def rpc_context(self) -> RpcContext:
        return RpcContext(self.require_identity(), self.credential, self._scope)

    async def authenticate(self, credential: str) -> Identity:
        """Identifies the client by a credential, for the first time or with a newer one of the same user and kind. Ends
        the subscriptions to streams that the newer one may not read.

        Raises CommandError for an expired one, after which the client may fetch another, and DisconnectError for an
        invalid one, one whose session was revoked, or one of another user or kind.
        """
        try:
            with metrics.authenticating.time():
                identity = self.engine.authenticate(credential)
                if not isinstance(identity, Identity):
                    identity = await self.engine.reader.identify(identity)
        except ExpiredCredential:
            raise CommandError(ErrorCode.TOKEN_EXPIRED) from None
        except InvalidCredential:
            raise DisconnectError(Disconnect.INVALID_TOKEN) from None
        ended = any(map(self.engine.sessions.has_ended, (identity.session_id, *self._session_ids)))
        if self._is_closed or ended:
            raise DisconnectError(Disconnect.INVALID_TOKEN)
        before = self.identity
        if before is not None and (before.user_id, before.kind) != (identity.user_id, identity.kind):
            raise DisconnectError(Disconnect.PERMISSION_DENIED)
        if identity.session_id and identity.session_id not in self._session_ids:
            # Of the earlier ones, too: the end of a session ends each socket that was ever opened or renewed with it.
            self._session_ids.append(identity.session_id)
            self.engine.sessions.add(identity.session_id, self)
        self.identity, self.credential = identity, credential
        for subscription in list(self.subscriptions.values()):
            if not identity.may_read(subscription.stream):
                self.engine.subscriptions.end(subscription, Unsubscribe.SERVER)
        if before is None:
            shared = self.engine.connections.identify(self, identity.user_id, self._loop.time())
            self.engine.connection_log.changed(self)
            self._user_rate = shared.client
            if self._frame_rate is not None:
                self._frame_rate.share(shared.frames)
        return identity

    def renew_expiry(self) -> dict[str, Any]:
        """Sets the time at which the connection ends unless a newer credential comes. Returns {"expires": True, "ttl":
        seconds} for the client, or {} when it need not renew anything."""
        self._end_timer.cancel()
        identity = self.require_identity()
        if identity.expires_at is None:
            return {}
        left = max(0.0, identity.expires_at - time.time())
        # SDKs ask for a newer credential when they are sent a ttl. One that cannot be renewed has no successor.
        grace = self.rules.expiry_grace_seconds if identity.is_renewable else 0.0
        self._end_timer = self.engine.timer_wheel.call_later(left + grace, self.end, Disconnect.EXPIRED)
        return {"expires": True, "ttl": max(1, int(left))} if identity.is_renewable else {}

    def start_pings(self) -> None:
        """Pings the client every `ping_seconds` from now on."""
        self._ping_timer = self.engine.timer_wheel.call_later(self.rules.ping_seconds, self._ping)

    def _ping(self) -> None:
        self.send_queue.ping()
        self.start_pings()

    # -- the logbook -------------------------------------------------------------------------------------------------

    @property
    def _last_code(self) -> int:
        """The code of its end, whichever side said it first; 0 where none was given."""
        return self.end_code.code if self.end_code is not None else self.received_code

    def describe(self) -> ConnectionState:
        """Returns what the logbook keeps of this connection. Its client must be identified."""
        identity = self.require_identity()
        seen = [subscription.seen() for subscription in self.subscriptions.values() if subscription.is_answered]
        return ConnectionState(
            id=self.id,
            user_id=identity.user_id,
            session_id=identity.session_id or "",
            address=self.address,
            device=printable(f"{self.sdk} {self._device}".strip()),
            door=self.door,
            opened_at=self._opened_at,
            unread=self.unread,
            streams=(*seen, *self._past)[:MAX_STREAMS],
        )

    # -- subscriptions -----------------------------------------------------------------------------------------------

    def release(self, subscription: Subscription) -> None:
        """Ends a subscription from the client's side."""
        subscription.drop()
        self.engine.subscriptions.discard(subscription)
        self.forget(subscription)

    def forget(self, subscription: Subscription) -> None:
        """Removes a subscription that has ended from this connection and from presence."""
        self.engine.presence.depart(subscription)
        if self.subscriptions.get(subscription.stream) is subscription:
            self._events += subscription.delivered
            del self.subscriptions[subscription.stream]
            if subscription.is_answered and not self._is_closed:
                self._past.append(subscription.seen(time.time()))
                self.engine.connection_log.changed(self)
