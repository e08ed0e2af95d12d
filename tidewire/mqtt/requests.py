"""A message as a request to the view that creates the rows: the same permissions, serializer, quotas and problems.

The request does not come from a socket. Its scope has the name of the broker's user under SCOPE_KEY, which no client
can put there, and the application's authentication takes that for a credential.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings

from tidewire.http.body_limit import BodyLimit, body_sizes
from tidewire.http.threaded_handler import ThreadedHandler
from tidewire.mqtt.users import SCOPE_KEY


@dataclass(frozen=True, slots=True)
class Answer:
    """What the view answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed soon, without any change to it."""
        return self.status in (500, 502, 503, 504) or (self.status == 409 and b"idempotency_key_busy" in self.body)

    def as_json(self) -> Any:
        try:
            return json.loads(self.body) if self.body else None
        except ValueError:
            return None


class Requests:
    """Asks the views of this process, in a bounded number of threads. Bodies have the bounds of REST."""

    @cached_property
    def _handler(self) -> ThreadedHandler:
        return ThreadedHandler(_no_probe)

    @cached_property
    def _limited(self) -> BodyLimit:
        return BodyLimit(self._handler, body_sizes())

    def close(self) -> None:
        """Ends the threads, and with them their connections to the database."""
        self._handler.close()

    async def post(self, path: str, body: bytes, user: str, headers: Mapping[str, str]) -> Answer:
        """Returns the answer of the view at this path to this body, sent by this user of the broker."""
        collected: dict[str, Any] = {"status": 500, "headers": [], "body": b""}
        parts = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            for part in parts:
                return part
            return await asyncio.get_running_loop().create_future()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                collected.update(status=message["status"], headers=message["headers"])
            else:
                collected["body"] += message.get("body", b"")

        await self._limited(_scope(path, len(body), user, headers), receive, send)
        pairs = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in collected["headers"]}
        return Answer(collected["status"], pairs, collected["body"])


async def _no_probe(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("a topic leads to a probe")


def _scope(path: str, length: int, user: str, headers: Mapping[str, str]) -> Any:
    host = next((name.lstrip(".") for name in settings.ALLOWED_HOSTS if name != "*"), "localhost")
    own = {
        "host": host,
        "content-type": "application/json",
        "content-length": str(length),
        "user-agent": "tidewire-mqtt",
        "x-forwarded-proto": "https",
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in {**own, **headers}.items()],
        "client": ("127.0.0.1", 0),
        "server": (host, 443),
        SCOPE_KEY: user,
    }
