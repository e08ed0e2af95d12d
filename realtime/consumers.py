"""The small chat socket, for `websocat` and for people who learn: one room, plain JSON, one object per message.

    websocat -H "Authorization: Bearer $TOKEN" ws://localhost:8000/ws/chat/

Without the header the first message is {"token": "…"}; a later one renews it. The server sends a hello. It takes
{"message": "…"}, which it stores by the same REST call that other clients make, and sends every event of the room's
stream as it stands in the log. There is no recovery: a client that must not miss an event uses the main socket, with
which this one shares the hub, the tokens, the codes and the limits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from asgiref.sync import sync_to_async
from asgiref.typing import WebSocketConnectEvent
from django.db import close_old_connections

from api import streams
from api.models import Room
from realtime import rpc
from tidewire.connection.connection import Connection
from tidewire.connection.consumer import SocketConsumer, bearer, rules
from tidewire.connection.errors import CommandError, DisconnectError
from tidewire.connection.receive_queue import Parsed
from tidewire.delivery.send_queue import Limits
from tidewire.delivery.subscription import Subscription
from tidewire.engine.engine import Engine
from tidewire.ground.positions import Entry
from tidewire.protocol import strict_json
from tidewire.protocol.codec import EventCodec
from tidewire.protocol.codes import Code, Disconnect, ErrorCode, Unsubscribe
from tidewire.protocol.pushes import Publication, Push
from tidewire.protocol.requests import SubscribeRequest

LOBBY = "lobby"
UNREAD = Limits(unread_bytes=1024 * 1024, mark_bytes=512 * 1024, pong_seconds=3600)
"""People do not answer pings. A ping (`{}`) is only sent as a mark after half a megabyte: a client answers it with
`{}`, or is disconnected after another half."""


class PlainCodec:
    """Events as they stand in the log. See tidewire.protocol.codec.EventCodec."""

    is_text = True

    def error(self, code: Code) -> bytes:
        return self.object("error", code=code.code, detail=code.reason)

    def push(self, channel: str, push: Push) -> bytes:
        if isinstance(push, Publication):  # an ephemeral message, such as typing
            return bytes(push.data)
        return self.object(push.kind, **msgspec.structs.asdict(push))

    def publication(self, channel: str, entry: Entry) -> bytes:
        return entry.payload.encode()

    def publications(self, entries: Iterable[Entry]) -> list[Any]:
        return [msgspec.Raw(entry.payload.encode()) for entry in entries]

    def ping(self) -> bytes:
        return b"{}"

    def join(self, frames: list[bytes]) -> bytes:
        """Compact JSON holds no newline, so the consumer can split the message into frames again."""
        return b"\n".join(frames)

    def object(self, type: str, **content: Any) -> bytes:
        return msgspec.json.encode({"type": type} | content)


PLAIN = PlainCodec()


class ChatConnection(Connection):
    """One user in one room."""

    door = "chat"

    def __init__(self, *args: Any, room: UUID | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._room = str(room) if room else ""

    def parse(self, message: str | bytes) -> Parsed:
        """Returns the message's JSON value, or None for what is no JSON. Above the size limit the connection ends."""
        if len(message) > self.rules.max_frame_bytes:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        try:
            return Parsed(strict_json.decode(message))
        except strict_json.JSONError:
            return Parsed(None)

    async def answer(self, contents: list[Any]) -> None:
        for content in contents:
            await self._answer(content)

    async def _answer(self, content: Any) -> None:
        """Mistakes of an identified user are answered. Before that the connection ends."""
        if isinstance(content, dict) and content.keys() == {"token"} and isinstance(content["token"], str):
            await self._authenticate(content["token"])
        elif self.identity is None:
            raise DisconnectError(Disconnect.BAD_REQUEST)
        elif isinstance(content, dict) and content.keys() == {"message"}:
            await self._post(content["message"])
        elif content != {}:  # an empty object is the answer to a ping that was answered before
            self.send_queue.enqueue(PLAIN.error(ErrorCode.BAD_REQUEST))

    async def _authenticate(self, token: str) -> None:
        """The first token enters the room, a later one renews it."""
        is_first = self.identity is None
        try:
            await self.authenticate(token)
        except CommandError:
            raise DisconnectError(Disconnect.EXPIRED) from None
        if self._is_closed:  # the newer credential may not read the room
            return
        expiry = self.renew_expiry()
        if is_first:
            await self._enter(expiry)
        else:
            self.send_queue.enqueue(PLAIN.object("renewed", **expiry))

    async def _enter(self, expiry: dict[str, Any]) -> None:
        """Subscribes to the room's stream and says hello. A hidden room and one that does not exist look the same."""
        identity = self.require_identity()
        self._room = self._room or await self._join_lobby()
        stream = streams.rooms(self._room)
        if not identity.may_read(stream):
            raise DisconnectError(Disconnect.PERMISSION_DENIED)
        subscription = Subscription(stream, self.info, self.send_queue, PLAIN, self._on_subscription_end)
        self.subscriptions[stream] = subscription
        request = SubscribeRequest(channel=stream)
        (outcome,) = await self.engine.recovery.subscribe(identity.user_id, [(subscription, request)])
        if self._is_closed or outcome.error is not None:
            self.release(subscription)
            is_denied = outcome.error is ErrorCode.PERMISSION_DENIED
            raise DisconnectError(Disconnect.PERMISSION_DENIED if is_denied else Disconnect.INSUFFICIENT_STATE)
        position = {"channel": stream, "epoch": outcome.epoch, "offset": outcome.offset}
        hello = {"room": self._room, "user": identity.user_id, "stream": position}
        self.send_queue.enqueue(PLAIN.object("hello", **hello, **expiry))
        self.engine.replays.proceed(subscription)
        self.engine.presence.arrive(subscription)
        self.engine.connection_log.changed(self)

    async def _join_lobby(self) -> str:
        """Makes the user a member of the demo room, so that their messages appear there. Returns the room's id."""
        room = await sync_to_async(find_lobby, thread_sensitive=False)()
        if not room:
            raise DisconnectError(Disconnect.PERMISSION_DENIED)
        await rpc.request(self.rpc_context, rpc.Call("POST", f"{rpc.PREFIX}rooms/{room}/join/"))
        return room

    async def _post(self, text: Any) -> None:
        """Posts a message. Its author sees it as the other members do, by its event."""
        path = f"{rpc.PREFIX}rooms/{self._room}/messages/"
        answer = await rpc.request(self.rpc_context, rpc.Call("POST", path, {"text": text}))
        if answer["status"] >= 400:
            problem = answer["body"] or {}
            shown = {name: problem[name] for name in ("status", "code", "detail", "errors") if name in problem}
            self.send_queue.enqueue(PLAIN.object("error", **shown))

    def _on_subscription_end(self, subscription: Subscription) -> None:
        """The server has ended the subscription and has sent the client an `unsubscribe`."""
        self.forget(subscription)
        is_banned = subscription.end_code is Unsubscribe.SERVER
        self.end(Disconnect.PERMISSION_DENIED if is_banned else Disconnect.INSUFFICIENT_STATE)


def find_lobby() -> str:
    """Returns the id of the oldest public room that is called LOBBY, or ""."""
    try:
        rooms = Room.objects.filter(kind=Room.Kind.PUBLIC, name=LOBBY).order_by("created_at", "id")
        found = rooms.values_list("pk", flat=True).first()
        return str(found) if found else ""
    finally:
        close_old_connections()


class ChatConsumer(SocketConsumer):
    """One chat socket: hands the client's messages to a ChatConnection, and its send queue to the server."""

    async def websocket_connect(self, message: WebSocketConnectEvent) -> None:
        await super().websocket_connect(message)
        if token := bearer(self.scope):
            self.receive_queue.enqueue(json.dumps({"token": token}))

    def negotiate(self) -> tuple[EventCodec, str | None]:
        return PLAIN, None

    def limits(self) -> Limits:
        return UNREAD

    def new_connection(self, engine: Engine) -> Connection:
        route = self.scope.get("url_route")
        return ChatConnection(
            engine,
            send_queue=self.send_queue,
            codec=self.codec,
            rules=rules(),
            close=self.close_soon,
            scope=self.scope,
            room=route["kwargs"].get("room") if route else None,
        )

    def writer(self) -> None:
        """Finished messages are not written at once: `send_message` splits them."""

    async def send_message(self, message: bytes) -> None:
        """Sends one object per message, so that a client needs only a JSON parser."""
        for line in message.split(b"\n"):
            await super().send_message(line)
