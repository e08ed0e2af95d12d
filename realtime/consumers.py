"""The small chat socket, for `websocat` and for people who learn: one room, plain JSON, one object per message.

    websocat -H "Authorization: Bearer $TOKEN" ws://localhost:8000/ws/chat/

Without the header the first message is {"token": "…"}, and a later one renews it. The server says hello; it takes
{"message": "…"} and stores it by the very REST call that everybody else makes; and every event of the room's stream
comes as it stands in the log. There is no recovery here: whoever must miss nothing uses the main socket, whose hub,
tokens, codes and limits this one shares.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from asgiref.sync import sync_to_async
from django.db import close_old_connections

from api import streams
from api.models import Room
from realtime import rpc
from tidewire.connection.commands import Refused
from tidewire.connection.connection import Connection, Ended
from tidewire.connection.consumer import EventConsumer, bearer, message_rate, rules
from tidewire.connection.receive_queue import ReceiveQueue
from tidewire.delivery.send_queue import Limits, SendQueue
from tidewire.delivery.subscription import Subscription
from tidewire.engine import engine
from tidewire.ground.positions import Entry
from tidewire.protocol import strict_json
from tidewire.protocol.codes import Code, Disconnect, ErrorCode, Unsubscribe
from tidewire.protocol.pushes import Publication, Push
from tidewire.protocol.requests import SubscribeRequest
from tidewire.protocol.results import Result

logger = logging.getLogger(__name__)

LOBBY = "lobby"
UNREAD = Limits(unread_bytes=1024 * 1024, mark_bytes=512 * 1024, pong_seconds=3600)
"""People do not answer pings. But who is sent a mark (`{}`) answers `{}`, or is cut off half a megabyte later."""


class PlainCodec:
    """Events as they are. See tidewire.protocol.codec.Codec."""

    is_text = True

    def decode(self, message: str | bytes) -> Iterable[Any]:
        raise NotImplementedError("there are no commands here")

    def reply(self, id: int, result: Result) -> bytes:
        raise NotImplementedError("there are no commands here")

    def error(self, id: int, code: Code) -> bytes:
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
        """Compact JSON holds no newline: the consumer takes the frames apart again."""
        return b"\n".join(frames)

    def object(self, type: str, **content: Any) -> bytes:
        return msgspec.json.encode({"type": type} | content)


PLAIN = PlainCodec()


class RoomSubscription(Subscription):
    """Remembers why it ended: the socket ends with it."""

    reason: Code | None = None

    def end(self, code: Code) -> None:
        self.reason = code
        super().end(code)


class ChatConnection(Connection):
    """One person in one room."""

    def __init__(self, *args: Any, room: UUID | None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._room = str(room) if room else ""

    async def receive(self, message: str) -> None:
        """Answers one message of the client. Ends the connection rather than raise."""
        if self._is_closed:
            return
        try:
            await self._take(self._object(message))
        except Ended as ended:
            self.end(ended.code)
        except Exception:
            logger.exception("a chat message failed")
            self.end(Disconnect.SERVER_ERROR)

    def _object(self, message: str) -> dict[str, Any]:
        """Mistakes of people are answered; a stranger's, and a flood, end the connection."""
        if len(message) > self._rules.max_frame_bytes:
            raise Ended(Disconnect.BAD_REQUEST)
        try:
            value = strict_json.decode(message)
        except strict_json.JSONError:
            value = None
        return value if isinstance(value, dict) else {"": None}

    async def _take(self, said: dict[str, Any]) -> None:
        if said.keys() == {"token"} and isinstance(said["token"], str):
            await self._welcome(said["token"])
        elif self.identity is None:
            raise Ended(Disconnect.BAD_REQUEST)
        elif said.keys() == {"message"}:
            await self._say(said["message"])
        elif said:  # an empty object is a late answer to a mark
            self._send_queue.enqueue(self.codec.error(0, ErrorCode.BAD_REQUEST))

    async def _welcome(self, token: str) -> None:
        is_first = self.identity is None
        try:
            await self._identify(token)
        except Refused:
            raise Ended(Disconnect.EXPIRED) from None
        expiry = self._expiry()
        if is_first:
            self._user_bucket = self.services.connections.identify(self, self.identity.user_id, self._loop.time())
            await self._enter(expiry)
        else:
            self._send_queue.enqueue(self.codec.object("renewed", **expiry))

    async def _enter(self, expiry: dict[str, Any]) -> None:
        """Subscribes to the room's stream. A room that is hidden and one that is not there look the same."""
        self._room = self._room or await self._join_lobby()
        if not self.identity.may_read(streams.rooms(self._room)):
            raise Ended(Disconnect.PERMISSION_DENIED)
        subscription = RoomSubscription(
            streams.rooms(self._room), self.info, self._send_queue, self.codec, self._on_lost
        )
        self.subscriptions[subscription.stream] = subscription
        wanted = SubscribeRequest(channel=subscription.stream)
        outcome = (await self.services.recovery.subscribe(self.identity.user_id, [(subscription, wanted)]))[0]
        if self._is_closed or outcome.error is not None:
            self.release(subscription)
            is_refused = outcome.error is ErrorCode.PERMISSION_DENIED
            raise Ended(Disconnect.PERMISSION_DENIED if is_refused else Disconnect.INSUFFICIENT_STATE)
        position = {"channel": subscription.stream, "epoch": outcome.epoch, "offset": outcome.offset}
        hello = {"room": self._room, "user": self.identity.user_id, "stream": position}
        self._send_queue.enqueue(self.codec.object("hello", **hello, **expiry))
        self.services.recovery.proceed(subscription)
        self.services.presence.arrive(subscription)

    async def _join_lobby(self) -> str:
        """The demo room takes everybody in: there, whoever says something should see it."""
        room = await sync_to_async(find_lobby, thread_sensitive=False)()
        if not room:
            raise Ended(Disconnect.PERMISSION_DENIED)
        await rpc.request(self.caller, rpc.Call("POST", f"{rpc.PREFIX}rooms/{room}/join/"))
        return room

    async def _say(self, text: Any) -> None:
        """The author hears of it as everybody does: by the event."""
        address = f"{rpc.PREFIX}rooms/{self._room}/messages/"
        answer = await rpc.request(self.caller, rpc.Call("POST", address, {"text": text}))
        if answer["status"] >= 400:
            problem = answer["body"] or {}
            shown = {name: problem[name] for name in ("status", "code", "detail", "errors") if name in problem}
            self._send_queue.enqueue(self.codec.object("error", **shown))

    def _on_lost(self, subscription: RoomSubscription) -> None:
        """The subscription was ended from the server's side, and its end has been told."""
        self._forget(subscription)
        is_banned = subscription.reason is Unsubscribe.SERVER
        self.end(Disconnect.PERMISSION_DENIED if is_banned else Disconnect.INSUFFICIENT_STATE)


def find_lobby() -> str:
    """The oldest public room of that name, or nothing."""
    try:
        rooms = Room.objects.filter(kind=Room.Kind.PUBLIC, name=LOBBY).order_by("created_at", "id")
        found = rooms.values_list("pk", flat=True).first()
        return str(found) if found else ""
    finally:
        close_old_connections()


class ChatConsumer(EventConsumer):
    """One chat socket: bytes to the connection, outbox to bytes."""

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        self.codec, self._pong = PLAIN, "{}"
        self.send_queue = SendQueue(self.codec, self._send_bytes, self._on_overflow, UNREAD, engine.current().tick)
        self.connection = ChatConnection(
            engine.current().services,
            send_queue=self.send_queue,
            codec=self.codec,
            rules=rules(),
            close=self._on_end,
            scope=self.scope,
            room=self.scope["url_route"]["kwargs"].get("room"),
        )
        self.receive_queue = ReceiveQueue(
            self.connection.receive, self.connection.end, message_rate(), self.connection.buckets
        )
        await self.accept()
        if token := bearer(self.scope):
            self.receive_queue.enqueue(json.dumps({"token": token}))

    async def _send_bytes(self, message: bytes) -> None:
        """One object per message, so that a client needs nothing but a JSON parser."""
        for line in message.split(b"\n"):
            await super()._send_bytes(line)

    _HANDLERS = EventConsumer._HANDLERS | {"websocket.connect": websocket_connect}
