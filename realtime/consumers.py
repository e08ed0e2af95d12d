"""One socket: bytes to the connection, outbox to bytes."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from realtime import codecs, engine
from realtime.codes import Code, Disconnect
from realtime.conf import conf
from realtime.connection import Connection, Rules
from realtime.outbox import Limits, Outbox

logger = logging.getLogger(__name__)


class EventConsumer(AsyncJsonWebsocketConsumer):
    """Speaks the Centrifuge client protocol.

    It has no mailbox on the channel layer: the hub is the process's one reader, so a connect costs Redis nothing. It
    hops to no thread: Channels' own `dispatch` closes database connections in the one shared thread for every message.
    """

    channel_layer_alias = None

    async def dispatch(self, message: dict[str, Any]) -> None:
        handler = self._HANDLERS.get(message["type"])
        if handler is not None:
            await handler(self, message)

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.codec, subprotocol = codecs.negotiate(self.scope)
        self.outbox = Outbox(self.codec, self._send_bytes, self._on_overflow, limits())
        self.connection = Connection(
            engine.current().services,
            outbox=self.outbox,
            codec=self.codec,
            rules=rules(),
            close=self._on_end,
            scope=self.scope,
            credential=bearer(self.scope),
        )
        await self.accept(subprotocol)

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        data = message.get("text") if self.codec.is_text else message.get("bytes")
        if data is None:  # the other kind of frame
            self.connection.end(Disconnect.INAPPROPRIATE_PROTOCOL)
        else:
            await self.connection.receive(data)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        self.connection.closed()
        self.outbox.close()
        raise StopConsumer

    _HANDLERS = {
        "websocket.connect": websocket_connect,
        "websocket.receive": websocket_receive,
        "websocket.disconnect": websocket_disconnect,
    }

    async def _send_bytes(self, message: bytes) -> None:
        content = {"text": message.decode()} if self.codec.is_text else {"bytes": message}
        await self.base_send({"type": "websocket.send", **content})

    def _on_overflow(self, code: Code) -> None:
        self.connection.end(code)

    def _on_end(self, code: Code) -> None:
        self._closing = asyncio.get_running_loop().create_task(self._close(code))

    async def _close(self, code: Code) -> None:
        """What was answered before goes out first. The socket may be gone already, and then there is nothing to do."""
        await self.outbox.flushed()
        self.outbox.close()
        try:
            await self.close(code=code.code, reason=code.reason)
        except Exception as error:
            logger.debug("closing a closed socket: %s", error)


def limits() -> Limits:
    return Limits(unread_bytes=conf.MAX_UNREAD_BYTES, mark_bytes=conf.MARK_BYTES, pong_seconds=conf.PONG_SECONDS)


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
