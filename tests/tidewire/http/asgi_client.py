"""One request to an ASGI application, without a server."""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Answer(NamedTuple):
    """What the application sent; without status if it sent nothing."""

    status: int | None
    headers: list[tuple[bytes, bytes]]
    body: bytes


async def request(
    application,
    path: str = "/api/v1/rooms/",
    *,
    body: tuple[bytes, ...] = (b"",),
    method: str = "POST",
    query: bytes = b"",
    headers: tuple[tuple[bytes, bytes], ...] = (),
    extensions: dict[str, object] | None = None,
) -> Answer:
    """Sends `body` chunk by chunk and returns the answer. After the body the client only waits. `extensions` are those
    of the server, beyond ASGI."""
    chunks = [{"type": "http.request", "body": b, "more_body": n + 1 < len(body)} for n, b in enumerate(body)]
    sent = []

    async def receive():
        return chunks.pop(0) if chunks else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "path": path,
        "method": method,
        "query_string": query,
        "headers": [(b"host", b"testserver"), *headers],
        "extensions": extensions or {},
    }
    await application(scope, receive, send)
    if not sent:
        return Answer(None, [], b"")
    return Answer(sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent[1:]))
