"""What every answer says in its headers, whatever server sends it (RFC 9110, sections 6.6.1, 8.6 and 15.4.5)."""

from __future__ import annotations

from collections.abc import Iterable

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope, Scope

from tidewire.http.problems import http_date

WITHOUT_CONTENT = (204, 304)


class AnswerHeaders:
    """ASGI middleware that adds Date, and removes the Content-Length of answers without content.

    Django counts the empty body of a 304, but the length must be that of the 200.
    """

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        has_date = _adds_date(scope)

        async def send_with_headers(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if message["status"] in WITHOUT_CONTENT:
                    headers = [(name, value) for name, value in headers if name.lower() != b"content-length"]
                if not has_date and not _has_date(headers):
                    headers = [*headers, (b"date", http_date())]
                message = {**message, "headers": headers}
            await send(message)

        await self._application(scope, receive, send_with_headers)


def _adds_date(scope: HTTPScope) -> bool:
    """Returns whether the server adds Date by itself. daphne does not; it is the server that names no `spec_version`,
    and the others would send a second Date."""
    return "spec_version" in scope.get("asgi", {})


def _has_date(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name.lower() == b"date" for name, _ in headers)
