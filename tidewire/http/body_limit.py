"""Which request bodies are read: bounded by their Content-Length and by counting, and not compressed.

Under `serve` and uvicorn the bound holds before memory is spent. daphne alone reads a whole body before the
application sees its first byte.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
)

from tidewire.ground.conf import conf
from tidewire.http.problems import TOO_LARGE, UNREADABLE_CODING, refuse

OWN_PATHS = re.compile(
    r"^/(healthz|readyz|metrics)$|/streams/([^/]+/log|events)/$|/connection/(websocket|http_stream|sse)$|/emulation$"
)
"""The probes, the doors over HTTP, the socket."""


@dataclass(frozen=True, slots=True)
class BodySizes:
    """How long bodies may be: `default` bytes, or the first of `larger` whose pattern is found in the path.

    Bodies of paths in which no pattern of `limited` is found are the application's own matter.
    """

    default: int
    larger: tuple[tuple[re.Pattern[str], int], ...] = ()
    limited: tuple[re.Pattern[str], ...] = (re.compile(""),)

    @property
    def most(self) -> int:
        """The bytes of the largest body that some limited path takes."""
        return max([self.default, *(size for _, size in self.larger)])

    def of(self, path: str) -> int:
        """Returns the bytes that the body of a request to this path may have."""
        if not is_limited(path, self.limited):
            return sys.maxsize
        return next((size for pattern, size in self.larger if pattern.search(path)), self.default)


def body_sizes() -> BodySizes:
    """Returns the sizes of the settings."""
    larger = tuple((re.compile(pattern), size) for pattern, size in conf.LARGER_BODIES.items())
    return BodySizes(conf.MAX_BODY_BYTES, larger, limited_paths())


def limited_paths() -> tuple[re.Pattern[str], ...]:
    """Returns the patterns of the paths that the limits of requests hold for: the engine's own, and LIMITED_PATHS."""
    return (OWN_PATHS, *map(re.compile, conf.LIMITED_PATHS))


def is_limited(path: str, limited: Iterable[re.Pattern[str]]) -> bool:
    return any(pattern.search(path) for pattern in limited)


class BodyLimit:
    """ASGI middleware that answers 413 to bodies above the size of their path, and 415 to compressed ones.

    To the application such a request looks like one whose client has left. If the application has begun its answer by
    then, that answer stands.
    """

    def __init__(self, application: ASGI3Application, sizes: BodySizes) -> None:
        self._application, self._sizes = application, sizes

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        max_bytes = self._sizes.of(scope["path"])
        if _content_length(scope) > max_bytes:
            await refuse(TOO_LARGE, scope, send)
        elif _is_encoded(scope):
            await refuse(UNREADABLE_CODING, scope, send)
        else:
            request = _CountedRequest(receive, send, max_bytes)
            await self._application(scope, request.receive, request.send)
            if request.is_too_large and not request.is_answered:
                await refuse(TOO_LARGE, scope, send)


class _CountedRequest:
    """`receive` and `send` of one request; counts the bytes of its body."""

    def __init__(self, receive: ASGIReceiveCallable, send: ASGISendCallable, max_bytes: int) -> None:
        self._receive, self._send, self._bytes_left = receive, send, max_bytes
        self.is_too_large = self.is_answered = False

    async def receive(self) -> ASGIReceiveEvent:
        """Returns the next message, or `http.disconnect` once the body is too large."""
        if not self.is_too_large:
            message = await self._receive()
            self._bytes_left -= len(message.get("body", b"")) if message["type"] == "http.request" else 0
            self.is_too_large = self._bytes_left < 0
            if not self.is_too_large:
                return message
        return {"type": "http.disconnect"}

    async def send(self, message: ASGISendEvent) -> None:
        self.is_answered = True
        await self._send(message)


def _content_length(scope: HTTPScope) -> int:
    for name, value in scope.get("headers", []):
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


def _is_encoded(scope: HTTPScope) -> bool:
    """Returns whether the body is compressed: its few bytes could stand for more than `max_bytes`."""
    return any(
        name == b"content-encoding" and value.strip().lower() not in (b"", b"identity")
        for name, value in scope.get("headers", [])
    )
