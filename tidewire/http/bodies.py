"""Request bodies are counted, whatever their headers promise, and cut off at the limit.

Under `serve` and uvicorn the limit holds before memory is spent; bare daphne has taken the body in before we see it.
"""

from __future__ import annotations

from typing import Any

from tidewire.http.problems import TOO_LARGE, refuse


class BodyLimit:
    """ASGI middleware: 413 for longer bodies. To the application they look like a client that went away."""

    def __init__(self, application: Any, max_bytes: int) -> None:
        self._application, self._max_bytes = application, max_bytes

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
        elif _promised(scope) > self._max_bytes:
            await refuse(TOO_LARGE, send)
        else:
            body = _Counted(receive, send, self._max_bytes)
            await self._application(scope, body.receive, body.send)
            if body.is_too_large and not body.is_answered:
                await refuse(TOO_LARGE, send)


class _Counted:
    """One request's `receive` and `send`."""

    def __init__(self, receive: Any, send: Any, max_bytes: int) -> None:
        self._receive, self._send, self._left = receive, send, max_bytes
        self.is_too_large = self.is_answered = False

    async def receive(self) -> dict[str, Any]:
        if self.is_too_large:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.is_too_large = self._left < 0
        return {"type": "http.disconnect"} if self.is_too_large else message

    async def send(self, message: dict[str, Any]) -> None:
        self.is_answered = True
        await self._send(message)


def _promised(scope: dict[str, Any]) -> int:
    for name, value in scope.get("headers", []):
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
