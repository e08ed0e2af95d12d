"""A client that connects and subscribes through the project's ASGI application, in the process of the test.

It speaks the protocol's JSON, so a test sees what an SDK would see. The engine reads the database with the connection
of the test, so changes need no commit.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any, Self, cast

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.conf import settings
from django.db import connections
from django.utils.module_loading import import_string

from tidewire.engine import engines
from tidewire.engine.reader import Reader
from tidewire.ground.connection_states import ConnectionState, ProcessState
from tidewire.testing.recording import record_everywhere

SECONDS = 5
"""So long the client waits for a message."""

_open: Counter[asyncio.AbstractEventLoop] = Counter()


class SocketError(Exception):
    """The server answered a command with an error, or closed the socket. `code` is the protocol's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


class SocketClient:
    """One socket, open inside `async with`.

        async with SocketClient(token) as socket:
            await socket.subscribe("courier:1")
            await sync_to_async(Parcel.objects.create)(courier_id=1, label="Books")
            event = await socket.event()

    `token` is the credential of `connect`. `headers` are those of the handshake, such as a Cookie. `application` is
    ASGI_APPLICATION by default. Entering raises SocketError when the handshake or `connect` is refused.
    """

    def __init__(
        self,
        token: str = "",
        *,
        headers: dict[str, str] | None = None,
        path: str = "/connection/websocket",
        application: Any = None,
    ) -> None:
        self._token, self._application = token, application
        self._headers = [(b"host", b"testserver")]
        self._headers += [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        self._path = path
        self._socket: Any = None
        self._replies: dict[int, dict[str, Any]] = {}
        self._events: deque[dict[str, Any]] = deque()
        self._last_id = 0
        self.pushes: list[dict[str, Any]] = []
        """Every push that is no event: joins, leaves, the ends of subscriptions."""

    async def __aenter__(self) -> Self:
        application = self._application or import_string(cast(str, settings.ASGI_APPLICATION))
        _hold_engine()
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "path": self._path,
            "raw_path": self._path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": self._headers,
            "subprotocols": [],
            "client": ("127.0.0.1", 50000),
            "scheme": "ws",
        }
        try:
            self._socket = cast(Any, ApplicationCommunicator(application, scope))
            await self._socket.send_input({"type": "websocket.connect"})
            opened = await self._socket.receive_output(SECONDS)
            if opened["type"] != "websocket.accept":
                raise SocketError(403, "the handshake was refused")
            self.connected = await self.command("connect", {"token": self._token} if self._token else {})
        except BaseException:
            await _release_engine()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        if not self._socket.future.done():  # a message that did not come has ended the application
            await self._socket.send_input({"type": "websocket.disconnect", "code": 1000})
            await self._socket.wait(SECONDS)
        await _release_engine()

    async def subscribe(self, stream: str, **request: Any) -> dict[str, Any]:
        """Subscribes, and returns the result: `epoch`, `offset`, `publications`, … Raises SocketError when refused.

        The events that it replays are events of this client, too. `request` may have `recover`, `epoch` and `offset`.
        """
        await sync_to_async(record_everywhere)()
        result = await self.command("subscribe", {"channel": stream, **request})
        self._events.extend(publication["data"] for publication in result.get("publications", []))
        return {"offset": 0, **result}

    async def event(self) -> dict[str, Any]:
        """Returns the next event: `{"type": …, "id": …, "at": …, "actor": …, "data": …}`.

        Changes that the test has made are recorded first. Raises TimeoutError when none arrives.
        """
        await sync_to_async(record_everywhere)()
        await self._read_until(lambda: bool(self._events))
        return self._events.popleft()

    async def events(self) -> list[dict[str, Any]]:
        """Returns the events that have arrived, and those of changes that the test has made; perhaps none."""
        await sync_to_async(record_everywhere)()
        for _ in range(2):  # the answer to a command that does not exist comes after what was sent before it
            try:
                await self.command("rpc", {"method": "tidewire.testing"})
            except SocketError:
                continue
        events = list(self._events)
        self._events.clear()
        return events

    async def command(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """Sends a command and returns the result. Raises SocketError for the protocol's errors."""
        self._last_id += 1
        number = self._last_id
        await self._socket.send_input({"type": "websocket.receive", "text": json.dumps({"id": number, name: request})})
        await self._read_until(lambda: number in self._replies)
        reply = self._replies.pop(number)
        if "error" in reply:
            raise SocketError(reply["error"]["code"], reply["error"]["message"])
        return reply[name]

    async def _read_until(self, is_done: Callable[[], bool]) -> None:
        while not is_done():
            message = await self._socket.receive_output(SECONDS)
            if message["type"] == "websocket.close":
                raise SocketError(message.get("code", 1000), message.get("reason") or "the socket was closed")
            for line in message["text"].splitlines():
                self._take(json.loads(line))

    def _take(self, frame: dict[str, Any]) -> None:
        push = frame.get("push", {})
        if "pub" in push:
            self._events.append(push["pub"]["data"])
        elif push:
            self.pushes.append(push)
        elif "id" in frame:
            self._replies[frame["id"]] = frame


class TestReader(Reader):
    """Reads with the connection of the test: in the thread in which Django runs what is synchronous."""

    __test__ = False

    async def run(self, call: Callable[..., Any], *args: Any) -> Any:
        return await sync_to_async(call, thread_sensitive=True)(*args)

    async def write_logbook(self, process: ProcessState, states: Sequence[ConnectionState]) -> None:
        """Writes nothing: no table of the test changes behind its back."""


def _hold_engine() -> None:
    """Starts the engine of this loop for the first client."""
    loop = asyncio.get_running_loop()
    _open[loop] += 1
    if _open[loop] == 1:
        engines.start(engines.from_settings(TestReader(1)))


async def _release_engine() -> None:
    """Stops the engine after the last client, while its loop is running."""
    loop = asyncio.get_running_loop()
    _open[loop] -= 1
    if not _open[loop]:
        del _open[loop]
        await engines.stop()
        await sync_to_async(_close_connections)()


def _close_connections() -> None:
    """Closes what the engine has read with, except for a transaction of the test. In a test of pytest-asyncio that is
    a connection of another thread, for which the test database could not be destroyed."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()
