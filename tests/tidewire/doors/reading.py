"""Requests to the doors, without a server: an ASGI client that keeps what it is sent."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from tests.tidewire.in_memory import settled, until
from tidewire.asgi import door_routes
from tidewire.http.door_router import DoorRouter


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Stands for the application behind the doors."""
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b""})


ROUTER = DoorRouter(nothing, door_routes())


@dataclass
class Response:
    """One request and what came back so far. `server` is put into its scope: what a server says of itself."""

    path: str
    method: str = "GET"
    credential: str = "alice"
    headers: dict[str, str] = field(default_factory=dict)
    server: dict[str, Any] = field(default_factory=lambda: {"asgi": {"version": "3.0", "spec_version": "2.4"}})
    body_sent: bytes = b""

    def __post_init__(self) -> None:
        self.status: int | None = None
        self.sent_headers: list[tuple[str, str]] = []
        self.body = b""
        self.is_complete = False
        self.may_send = asyncio.Event()
        self.may_send.set()
        self._left = asyncio.Event()
        self._is_read = False
        path, _, query = self.path.partition("?")
        headers = {"host": "testserver", **self.headers}
        if self.credential:
            headers["authorization"] = f"Bearer {self.credential}"
        scope = {
            "type": "http",
            "method": self.method,
            "path": path,
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("192.0.2.1", 1),
            **self.server,
        }
        self.task = asyncio.ensure_future(ROUTER(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": self.body_sent, "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        await self.may_send.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.sent_headers = [(name.decode(), value.decode()) for name, value in message["headers"]]
        else:
            self.body += message.get("body", b"")
            self.is_complete = not message.get("more_body", False)

    async def answered(self) -> Response:
        """Waits until the request was answered in full."""
        async with asyncio.timeout(5):
            await self.task
        assert self.is_complete
        return self

    async def started(self) -> Response:
        """Waits until the response has begun."""
        await until(lambda: self.status is not None or self.task.done())
        await settled()
        return self

    async def leave(self) -> None:
        self._left.set()
        async with asyncio.timeout(5):
            await self.task

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.sent_headers if key == name), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[tuple[str, Any]]:
        """The server-sent events so far: (name, data). Comments are left out."""
        found = []
        for block in self.body.decode().split("\n\n")[:-1]:
            fields = [line.partition(":")[::2] for line in block.split("\n") if not line.startswith(":")]
            if fields:
                values = {name: value.removeprefix(" ") for name, value in fields}
                found.append((values.get("event", "message"), json.loads(values.get("data", "null"))))
        return found

    def offsets(self) -> list[int]:
        """The offsets that the data of the log's events names."""
        return [event["data"]["offset"] for name, data in self.events if name == "data" for event in data]


def get(path: str, **options: Any) -> Response:
    return Response(path, **options)
