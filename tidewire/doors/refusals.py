"""How a door answers when it sends no events: with a refusal, or with a complete answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.typing import ASGISendCallable

Headers = list[tuple[bytes, bytes]]

NO_STORE: Headers = [(b"cache-control", b"no-store")]
PRIVATE: Headers = [(b"cache-control", b"private, no-cache"), (b"vary", b"Authorization")]
"""The client may keep the answer, and asks each time whether it still holds; shared caches keep nothing."""


class RefusalError(Exception):
    """The request is answered with a problem document, under `headers`. `more` are further members of the document."""

    def __init__(self, status: int, code: str, detail: str, headers: Headers = NO_STORE, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.headers, self.more = status, code, detail, headers, more


def bad_request(detail: str) -> RefusalError:
    return RefusalError(400, "bad_request", detail)


def unauthorized(code: str, detail: str) -> RefusalError:
    return RefusalError(401, code, detail, [*NO_STORE, (b"www-authenticate", b'Bearer realm="api"')])


def not_found() -> RefusalError:
    """For what is hidden and for what does not exist: both look the same."""
    return RefusalError(404, "not_found", "Not found.")


def allow(methods: Sequence[str]) -> tuple[bytes, bytes]:
    """Returns the header that names the methods of an address."""
    return (b"allow", ", ".join((*methods, "OPTIONS")).encode())


def not_allowed(methods: Sequence[str]) -> RefusalError:
    headers = [*NO_STORE, allow(methods)]
    return RefusalError(405, "method_not_allowed", f"This address answers {', '.join(methods)} only.", headers)


def unavailable() -> RefusalError:
    headers = [*NO_STORE, (b"retry-after", b"1")]
    return RefusalError(503, "unavailable", "The log cannot be read now. Please try again.", headers)


def draining() -> RefusalError:
    headers = [*NO_STORE, (b"retry-after", b"1")]
    return RefusalError(503, "draining", "This process is ending. Please connect again.", headers)


def full() -> RefusalError:
    headers = [*NO_STORE, (b"retry-after", b"5")]
    return RefusalError(503, "too_many_connections", "This server has no place for another connection.", headers)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer."""

    status: int
    body: bytes = b""
    headers: Headers = field(default_factory=list)

    async def send(self, send: ASGISendCallable, *, without_body: bool = False) -> None:
        """Sends it; the answer to a HEAD is sent without the body, without its length."""
        has_length = self.status not in (204, 304) and not without_body
        length = [(b"content-length", str(len(self.body)).encode())] if has_length else []
        headers = [*self.headers, *length]
        await send({"type": "http.response.start", "status": self.status, "headers": headers, "trailers": False})
        body = b"" if without_body else self.body
        await send({"type": "http.response.body", "body": body, "more_body": False})
