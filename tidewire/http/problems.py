"""Refusals that no view has seen, in the same form as the views' errors: problem documents (RFC 9457)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

from asgiref.typing import ASGISendCallable, HTTPScope

from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.current_request import current_request, request_id_in
from tidewire.ground.request_ids import instance_of, request_id
from tidewire.http.origins import cors_headers, origins_of

CONTENT_TYPE = b"application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal. Programs read `code`, people read `detail`; `retry_seconds` becomes Retry-After, and
    `accept_encoding` the header of that name. `more` are further members of the document."""

    status: int
    code: str
    detail: str
    retry_seconds: int = 0
    accept_encoding: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase

    def body(self, request_id: str) -> bytes:
        """Returns the document."""
        return json.dumps(
            {
                "type": conf.PROBLEM_TYPE.format(code=self.code),
                "title": self.title,
                "status": self.status,
                "detail": self.detail,
                "instance": instance_of(request_id),
                "code": self.code,
                **_trace(),
                **self.more,
            }
        ).encode()

    def answer(self, origins: list[bytes], request_id: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """Returns headers and body. `origins` are the values of the request's Origin headers."""
        body = self.body(request_id)
        headers = [
            (b"content-type", CONTENT_TYPE),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-request-id", request_id.encode()),
            *cors_headers(origins),
        ]
        if self.retry_seconds:
            headers.append((b"retry-after", str(self.retry_seconds).encode()))
        if self.accept_encoding:
            headers.append((b"accept-encoding", self.accept_encoding.encode()))
        return headers, body

    def response(self, origins: list[bytes]) -> bytes:
        """Returns a whole HTTP/1.1 response, after which the connection is to be closed."""
        headers, body = self.answer(origins, request_id())
        lines = [f"HTTP/1.1 {self.status} {self.title}".encode(), b"connection: close", b"date: " + http_date()]
        lines += [name + b": " + value for name, value in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def _trace() -> dict[str, str]:
    """Returns the member that names the trace of the current request, where it has one."""
    request = current_request()
    return {"trace_id": request.trace_id} if request is not None and request.trace_id else {}


NOT_FOUND = Problem(404, "not_found", "Not found.")
TOO_LARGE = Problem(413, "too_large", "The request body is too large.")
UNREADABLE_CODING = Problem(
    415, "unsupported_media_type", "The request body is compressed. Send it as it is.", accept_encoding="identity"
)
BUSY = Problem(503, "busy", "Too many requests are being worked on. Please try again.", retry_seconds=1)
ACCOUNT_BUSY = Problem(
    429, "too_many_at_once", "Too many requests of this account are being worked on. Please try again.", retry_seconds=1
)
MALFORMED = Problem(400, "bad_request", "This is not a request in HTTP.")
LONG_HEADERS = Problem(431, "headers_too_large", "The request's headers are too large.")
NO_HOST = Problem(400, "bad_request", "An HTTP/1.1 request names exactly one Host.")
FULL = Problem(503, "too_many_connections", "This server has no place for another connection.", retry_seconds=5)
TOO_FAST = Problem(503, "too_many_connections", "Too many connections at once. Please come back.", retry_seconds=2)
FULL_OF_BODIES = Problem(503, "busy", "Too many request bodies are being received. Please try again.", retry_seconds=2)
DRAINING = Problem(503, "draining", "This process is ending. Please connect again.", retry_seconds=1)

metrics.begin_at_zero(metrics.refusals, sorted({each.code for each in globals().values() if isinstance(each, Problem)}))


async def refuse(problem: Problem, scope: HTTPScope, send: ASGISendCallable) -> None:
    """Answers a request with this problem, and counts the refusal."""
    count_refusal(problem.code)
    headers, body = problem.answer(origins_of(scope), request_id_in(scope))
    await send({"type": "http.response.start", "status": problem.status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def count_refusal(code: str) -> None:
    """Counts a refusal with this code, and names it in the log line of the current request."""
    metrics.refusals.labels(code).inc()
    request = current_request()
    if request is not None:
        request.code = code


def http_date() -> bytes:
    """Returns the time of now in the form of a Date header."""
    return formatdate(usegmt=True).encode()
