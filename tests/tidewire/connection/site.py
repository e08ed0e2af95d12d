"""An engine with clients that speak the protocol, without a database or a socket."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from tests.tidewire.in_memory import NEVER, Client, Log, engine_on, settled
from tidewire.connection.connection import Rules
from tidewire.connection.errors import DisconnectError
from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential, LookUp
from tidewire.protocol.json_codec import JSON

ROOM, USER = "room:1", "user:alice"
RULES = Rules(
    ping_seconds=25,
    connect_seconds=NEVER,
    expiry_grace_seconds=NEVER,
    max_frame_bytes=2000,
    max_commands=10,
    max_subscriptions=5,
)


def authenticate(credential: str) -> Identity | LookUp:
    """Reads credentials such as `alice`, `alice of SESSION`, `alice for SECONDS`, `alice reading room:1`, `expired`.

    Users other than alice and bob are invalid. `key …` means the same after a look-up, and cannot be renewed.
    """
    if credential.startswith("key "):
        return lambda: replace(authenticate(credential[4:]), is_renewable=False, kind="key")
    user, _, rest = credential.partition(" ")
    if credential == "expired":
        raise ExpiredCredential
    if user not in ("alice", "bob"):
        raise InvalidCredential
    kind, _, value = rest.partition(" ")
    return Identity(
        user,
        expires_at=time.time() + float(value) if kind == "for" else None,
        session_id=value if kind == "of" else None,
        streams=frozenset(value.split()) if kind == "reading" else None,
        may_publish=kind != "reading",
    )


async def receive(connection: ProtocolConnection, message: str) -> None:
    """Hands a message to the connection, as its receive queue does."""
    try:
        parsed = connection.parse(message)
    except DisconnectError as error:
        connection.end(error.code)
    else:
        await connection.receive([parsed])


class Site:
    """A started engine on a log in memory."""

    def __init__(self) -> None:
        self.log = Log()
        self.engine = engine_on(self.log, max_per_user=3, authenticate=authenticate)
        self.engine.start()

    def dispatch(self, *entries: Any) -> None:
        self.engine.hub.dispatch(ROOM, self.log.stored(ROOM).epoch, entries)

    async def stop(self) -> None:
        await settled()
        await self.engine.stop()


class ProtocolClient:
    """A client of one connection: sends commands, and returns the frames that come back."""

    def __init__(self, site: Site, *, rules: Rules = RULES, credential: str = "", scope: dict | None = None) -> None:
        self.site, self.socket = site, Client()
        self.connection = ProtocolConnection(
            site.engine,
            send_queue=self.socket.send_queue,
            codec=JSON,
            rules=rules,
            close=self.socket._close,
            scope=scope or {},
            credential=credential,
        )
        self._seen = 0

    async def send(self, *commands: dict[str, Any] | str) -> list[dict[str, Any]]:
        """Sends these commands in one frame. Returns the frames that were received since the last call."""
        lines = [command if isinstance(command, str) else json.dumps(command) for command in commands]
        await receive(self.connection, "\n".join(lines))
        return await self.new_frames()

    async def new_frames(self) -> list[dict[str, Any]]:
        await settled()
        frames = self.socket.frames[self._seen :]
        self._seen += len(frames)
        return [frame for frame in frames if "disconnect" not in frame.get("push", {})]

    async def connect(self, token: str = "alice") -> ProtocolClient:
        frames = await self.send({"id": 1, "connect": {"token": token}})
        assert [frame.keys() for frame in frames if frame != {}] == [{"id", "connect"}]  # with pings, on a slow machine
        return self

    async def subscribe(self, channel: str = ROOM, **request: Any) -> dict[str, Any]:
        frames = await self.send({"id": 2, "subscribe": {"channel": channel, **request}})
        (result,) = [frame["subscribe"] for frame in frames if frame.get("id") == 2]
        return result

    @property
    def ended_with(self) -> list[int]:
        """The codes that the socket was closed with. A final one was pushed before, whatever the reason."""
        pushes = [frame["push"] for frame in self.socket.frames if "disconnect" in frame.get("push", {})]
        final = [code for code in self.socket.closed_with if code >= 3500]
        assert [push["disconnect"]["code"] for push in pushes] == final
        assert all(push.keys() == {"disconnect"} and push["disconnect"]["reason"] for push in pushes)
        return self.socket.closed_with


def error(id: int, code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "error": {"code": code, "message": message, **more}}


def denied(id: int) -> dict[str, Any]:
    return error(id, 103, "permission denied")
