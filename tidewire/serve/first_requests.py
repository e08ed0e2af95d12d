"""The first requests of a new worker, which it asks itself before any client does.

Code that imports may still fail at every request: a middleware that raises, a module that is imported when it is first
needed, a process that crashes in a library. So a successor asks its whole application for FIRST_REQUESTS, and takes no
connection when one is answered with an error of the server. A refusal, such as 401 or 404, is an answer. 503 is one,
too: it speaks of the load or of the database, not of the code.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any, cast

from asgiref.typing import ASGI3Application, HTTPScope
from django.conf import settings

from tidewire.ground.conf import conf
from tidewire.http.request_log import LEFT
from tidewire.serve.readiness import NotReadyError

UNAVAILABLE = 503
REQUEST_ID = "first-request"
"""By which the log's lines of these requests are found."""


def require_answers(loop: asyncio.AbstractEventLoop, application: ASGI3Application) -> None:
    """Returns when each of FIRST_REQUESTS was answered, in this loop, which does not run yet. Raises NotReadyError."""
    for path in conf.FIRST_REQUESTS:
        status = loop.run_until_complete(_answered(application, path))
        if status >= 500 and status != UNAVAILABLE:
            raise NotReadyError(f"GET {path} is answered with {status}: the new code fails at its first request.")


async def _answered(application: ASGI3Application, path: str) -> int:
    """Returns the status of a GET; 500 where the application raises, as a client would see it."""
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    try:
        await application(_scope(path), receive, send)
    except Exception as error:
        raise NotReadyError(f"GET {path} fails: {error!r}") from error
    return statuses[0] if statuses else LEFT


def _scope(path: str) -> HTTPScope:
    """Returns a request as the site's own proxy would hand it on."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in _headers()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
        "extensions": {},
    }
    return cast(HTTPScope, scope)


def _headers() -> Iterator[tuple[str, str]]:
    """Yields the headers that the settings expect of a request: the host, and what proxies add."""
    yield "host", next(_hosts(settings.ALLOWED_HOSTS), "localhost")
    yield "x-request-id", REQUEST_ID
    if encrypted := getattr(settings, "SECURE_PROXY_SSL_HEADER", None):
        name, value = encrypted
        yield name.removeprefix("HTTP_").replace("_", "-").lower(), value
    if conf.TRUSTED_PROXIES:
        yield "x-forwarded-for", ", ".join(["127.0.0.1"] * conf.TRUSTED_PROXIES)


def _hosts(allowed: Iterable[str]) -> Iterator[str]:
    """Yields a host that each of these patterns allows."""
    for pattern in allowed:
        if pattern != "*":
            yield f"www{pattern}" if pattern.startswith(".") else pattern
