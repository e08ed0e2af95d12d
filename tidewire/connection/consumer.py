"""One socket: hands the client's messages to a connection, and the bytes of its send queue to the server."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any, cast

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    WebSocketConnectEvent,
    WebSocketDisconnectEvent,
    WebSocketReceiveEvent,
    WebSocketScope,
    WWWScope,
)
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from tidewire.connection import socket_log
from tidewire.connection.connection import Connection, Rules
from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.connection.receive_queue import MessageRate, ReceiveQueue
from tidewire.connection.session_cookies import session_cookie
from tidewire.delivery.send_queue import Limits, SendQueue
from tidewire.engine import engines
from tidewire.engine.engine import Engine
from tidewire.ground.conf import conf
from tidewire.protocol import negotiation, websocket_frames
from tidewire.protocol.codec import Codec, EventCodec
from tidewire.protocol.codes import Code, Disconnect

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""So long the server may take for the last messages. A server that waits for a client that does not read never takes
them."""


class SocketConsumer(AsyncJsonWebsocketConsumer):
    """Any socket of events. Subclasses say what it speaks: `negotiate` and `new_connection`.

    It has no mailbox on the channel layer: the hub is the one reader of the process, so a connect costs Redis nothing.
    It hops to no thread: Channels' own `dispatch` closes database connections in the one shared thread for every
    message.
    """

    channel_layer_alias = None  # pyright: ignore[reportAssignmentType]  None is how Channels makes no mailbox
    connection: Connection | None = None

    async def __call__(self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Takes the server's events one after the other, at once; nothing here waits for the answer to a command."""
        self.scope, self.base_send = cast(Any, scope), send
        self._task, self._is_given_up = asyncio.current_task(), False
        self._began_at = time.monotonic()
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            return
        except asyncio.CancelledError:
            if not self._is_given_up or self._task is None:
                raise
            self._task.uncancel()
        finally:
            if self.connection is not None:
                self.connection.closed()
                self.receive_queue.close()
                self.send_queue.abandon()
                self._log_end(self.connection)

    async def dispatch(self, message: Any) -> None:
        if message["type"] == "websocket.receive":
            await self.websocket_receive(message)
        elif message["type"] == "websocket.connect":
            await self.websocket_connect(message)
        elif message["type"] == "websocket.disconnect":
            await self.websocket_disconnect(message)

    async def websocket_connect(self, message: WebSocketConnectEvent) -> None:
        """Makes the connection with its two queues, and accepts the socket."""
        engine = engines.current()
        self.codec, subprotocol = self.negotiate()
        self._pong = self.codec.ping().decode() if self.codec.is_text else self.codec.ping()
        self.send_queue = SendQueue(
            self.codec,
            self.send_message,
            self.end,
            self.limits(),
            engine.flusher,
            engine.timer_wheel,
            self.writer(),
        )
        connection = self.connection = self.new_connection(engine)
        self.receive_queue = ReceiveQueue(
            connection.parse, connection.receive, connection.end, message_rate(), connection.shared_rates
        )
        await self.accept(subprotocol)

    async def websocket_receive(self, message: WebSocketReceiveEvent) -> None:
        data = message.get("text") if self.codec.is_text else message.get("bytes")
        if data is not None and self.connection is not None:
            self.connection.engine.connections.received_bytes += len(data)
        if data is None:  # the other kind of frame
            self.end(Disconnect.INAPPROPRIATE_PROTOCOL)
        elif self.connection is not None and (data != self._pong or not self.connection.pong()):
            self.receive_queue.enqueue(data)

    async def websocket_disconnect(self, message: WebSocketDisconnectEvent) -> None:
        if self.connection is not None:
            self.connection.received_code = message.get("code") or 0
        raise StopConsumer

    def end(self, code: Code) -> None:
        """Ends the connection from the server's side."""
        if self.connection is not None:
            self.connection.end(code)

    def _log_end(self, connection: Connection) -> None:
        ended = connection.end_code
        given = ended.code if ended is not None else websocket_frames.end_code(self.scope)
        socket_log.log_end(connection, given, time.monotonic() - self._began_at)

    # -- what a subclass may choose ----------------------------------------------------------------------------------

    def negotiate(self) -> tuple[EventCodec, str | None]:
        """Returns the encoding of this socket, and the subprotocol to accept."""
        raise NotImplementedError

    def new_connection(self, engine: Engine) -> Connection:
        raise NotImplementedError

    def limits(self) -> Limits:
        return Limits(unread_bytes=conf.MAX_UNREAD_BYTES, mark_bytes=conf.MARK_BYTES, pong_seconds=conf.PONG_SECONDS)

    def writer(self) -> Callable[[bytes], None] | None:
        """Returns a function that takes a finished message at once, on a server that offers one. See
        protocol/websocket_frames.py."""
        write = websocket_frames.writer(self.scope)
        if write is None:
            return None
        frame = websocket_frames.text_frame if self.codec.is_text else websocket_frames.binary_frame
        return lambda message: write(frame(message))

    # -- out ---------------------------------------------------------------------------------------------------------

    async def send_message(self, message: bytes) -> None:
        event: Any = {"type": "websocket.send"}
        if self.codec.is_text:
            event["text"] = websocket_frames.text(message)
        else:
            event["bytes"] = message
        await self.base_send(event)

    def close_soon(self, code: Code) -> None:
        """Closes the socket with this code once the frames before it were sent."""
        self._closing = asyncio.get_running_loop().create_task(self._close(code))

    async def _close(self, code: Code) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.send_queue.flushed()
                self.send_queue.close()
                await self.close(code=code.code, reason=code.reason)
        except TimeoutError:
            # The server waits for a client that does not read. All that an application can do is to leave.
            self._is_given_up = True
            if self._task is not None:
                self._task.cancel()
        except Exception as error:
            logger.debug("closing a closed socket: %s", error)


class EventConsumer(SocketConsumer):
    """Speaks the Centrifuge client protocol."""

    connection_class: type[ProtocolConnection] = ProtocolConnection

    def negotiate(self) -> tuple[Codec, str | None]:
        return negotiation.negotiate(self.scope)

    def new_connection(self, engine: Engine) -> Connection:
        codec, _ = self.negotiate()
        return self.connection_class(
            engine,
            send_queue=self.send_queue,
            codec=codec,
            rules=rules(),
            close=self.close_soon,
            scope=self.scope,
            credential=bearer(self.scope) or session_cookie(self.scope),
        )


def message_rate() -> MessageRate:
    return MessageRate(
        burst=conf.MESSAGE_BURST,
        per_second=conf.MESSAGES_PER_SECOND,
        subscribe_burst=conf.MAX_SUBSCRIPTIONS,
        queued_messages=conf.MAX_QUEUED_MESSAGES,
        queued_bytes=conf.MAX_QUEUED_BYTES,
    )


def rules() -> Rules:
    return Rules(
        ping_seconds=conf.PING_SECONDS,
        connect_seconds=conf.CONNECT_SECONDS,
        expiry_grace_seconds=conf.EXPIRY_GRACE_SECONDS,
        max_frame_bytes=conf.MAX_FRAME_BYTES,
        max_commands=conf.MAX_COMMANDS,
        max_subscriptions=conf.MAX_SUBSCRIPTIONS,
    )


def bearer(scope: WWWScope) -> str:
    """Returns the token of an `Authorization: Bearer` header, which native clients may send, or "". Cookies are never
    read."""
    for name, value in scope.get("headers", []):
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].decode("latin-1").strip()
    return ""
