"""Refusals that no view has seen, in the form of all others: problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tidewire.ground import metrics
from tidewire.ground.conf import conf

CONTENT_TYPE = b"application/problem+json"

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is for programs, `detail` for people; `retry_seconds` becomes Retry-After."""

    status: int
    code: str
    detail: str
    retry_seconds: int = 0

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase

    @property
    def body(self) -> bytes:
        return json.dumps(
            {
                "type": conf.PROBLEM_TYPE.format(code=self.code),
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "code": self.code,
            }
        ).encode()

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"content-length", str(len(self.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        if self.retry_seconds:
            headers.append((b"retry-after", str(self.retry_seconds).encode()))
        return headers

    def response(self) -> bytes:
        """A whole HTTP/1.1 response, for a connection that ends with it."""
        lines = [f"HTTP/1.1 {self.status} {self.title}".encode(), b"connection: close"]
        lines += [name + b": " + value for name, value in self.headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


TOO_LARGE = Problem(413, "too_large", "The request body is too large.")
BUSY = Problem(503, "busy", "Too many requests are being worked on. Please try again.", retry_seconds=1)
MALFORMED = Problem(400, "bad_request", "This is not a request in HTTP/1.1.")
LONG_HEADERS = Problem(431, "headers_too_large", "The request's headers are too large.")
NO_HOST = Problem(400, "bad_request", "An HTTP/1.1 request names exactly one Host.")
FULL = Problem(503, "too_many_connections", "This server has no place for another connection.", retry_seconds=5)
TOO_FAST = Problem(503, "too_many_connections", "Too many connections at once. Please come back.", retry_seconds=2)
DRAINING = Problem(503, "draining", "This process is ending. Please connect again.", retry_seconds=1)


async def refuse(problem: Problem, send: Send) -> None:
    metrics.refusals.labels(problem.code).inc()
    await send({"type": "http.response.start", "status": problem.status, "headers": problem.headers})
    await send({"type": "http.response.body", "body": problem.body})
