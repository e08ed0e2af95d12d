"""One socket: bytes to the connection, outbox to bytes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from tidewire.connection.connection import Connection, Rules
from tidewire.connection.receive_queue import MessageRate, ReceiveQueue
from tidewire.delivery.send_queue import Limits, SendQueue
from tidewire.engine import engine
from tidewire.ground.conf import conf
from tidewire.protocol import negotiation, websocket_frames
from tidewire.protocol.codes import Code, Disconnect

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""How long a server may take to take our last words. One that waits for a client that does not read never does."""


class EventConsumer(AsyncJsonWebsocketConsumer):
    """Speaks the Centrifuge client protocol.

    It has no mailbox on the channel layer: the hub is the process's one reader, so a connect costs Redis nothing. It
    hops to no thread: Channels' own `dispatch` closes database connections in the one shared thread for every message.
    """

    channel_layer_alias = None
    connection_class = Connection
    negotiate = staticmethod(negotiation.negotiate)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Takes the server's messages at once, one after the other; nothing here waits for a command's answer."""
        self.scope, self.base_send = scope, send
        self._task, self._is_given_up = asyncio.current_task(), False
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            return
        except asyncio.CancelledError:
            if not self._is_given_up:
                raise
            self._task.uncancel()
        finally:
            self._leave()

    async def dispatch(self, message: dict[str, Any]) -> None:
        handler = self._HANDLERS.get(message["type"])
        if handler is not None:
            await handler(self, message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.codec, subprotocol = self.negotiate(self.scope)
        self._pong = self.codec.ping().decode() if self.codec.is_text else self.codec.ping()
        tick = engine.current().tick
        self.send_queue = SendQueue(self.codec, self._send_bytes, self._on_overflow, limits(), tick, self._writer())
        self.connection = self.connection_class(
            engine.current().services,
            send_queue=self.send_queue,
            codec=self.codec,
            rules=rules(),
            close=self._on_end,
            scope=self.scope,
            credential=bearer(self.scope),
        )
        self.receive_queue = ReceiveQueue(
            self.connection.receive, self.connection.end, message_rate(), self.connection.buckets
        )
        await self.accept(subprotocol)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        data = message.get("text") if self.codec.is_text else message.get("bytes")
        if data is None:  # the other kind of frame
            self.connection.end(Disconnect.INAPPROPRIATE_PROTOCOL)
        elif data != self._pong or not self.send_queue.pong():
            self.receive_queue.enqueue(data)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        raise StopConsumer

    _HANDLERS = {
        "websocket.connect": websocket_connect,
        "websocket.receive": websocket_receive,
        "websocket.disconnect": websocket_disconnect,
    }

    def _leave(self) -> None:
        """The socket is gone, however it went."""
        if hasattr(self, "connection"):
            self.connection.closed()
            self.send_queue.abandon()
        if hasattr(self, "receive_queue"):
            self.receive_queue.close()

    # -- out -----------------------------------------------------------------------------------------------------------

    def _writer(self) -> Callable[[bytes], None] | None:
        """How finished frames leave, on a server that takes them."""
        write = websocket_frames.writer(self.scope)
        if write is None:
            return None
        frame = websocket_frames.text_frame if self.codec.is_text else websocket_frames.binary_frame
        return lambda message: write(frame(message))

    async def _send_bytes(self, message: bytes) -> None:
        content = {"text": websocket_frames.text(message)} if self.codec.is_text else {"bytes": message}
        await self.base_send({"type": "websocket.send", **content})

    def _on_overflow(self, code: Code) -> None:
        self.connection.end(code)

    def _on_end(self, code: Code) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._close(code))

    async def _close(self, code: Code) -> None:
        """What was answered before goes out first. The socket may be gone already, and then there is nothing to do."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self.send_queue.flushed()
                self.send_queue.close()
                await self.close(code=code.code, reason=code.reason)
        except TimeoutError:
            self._give_up()
        except Exception as error:
            logger.debug("closing a closed socket: %s", error)

    def _give_up(self) -> None:
        """The server waits for a client that does not read. Leaving is all that an application can do."""
        self._is_given_up = True
        self._task.cancel()


def limits() -> Limits:
    return Limits(unread_bytes=conf.MAX_UNREAD_BYTES, mark_bytes=conf.MARK_BYTES, pong_seconds=conf.PONG_SECONDS)


def message_rate() -> MessageRate:
    return MessageRate(
        burst=conf.MESSAGE_BURST,
        per_second=conf.MESSAGES_PER_SECOND,
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


def bearer(scope: dict[str, Any]) -> str:
    """The token of an `Authorization: Bearer` header, which native clients may send. Cookies are never read."""
    for name, value in scope.get("headers", []):
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return value[7:].decode("latin-1").strip()
    return ""
