"""Parts of a response's body, finished, for servers that take them as they are.

A server may offer `scope["extensions"]["tidewire.body"]`, a Body, on requests. `manage.py serve` offers it. A part in
the chunked coding is built once, not once for each response.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

from asgiref.typing import HTTPScope

from tidewire.protocol.websocket_frames import Once

EXTENSION = "tidewire.body"


class Body(Protocol):
    """The body of one response, whose start was sent."""

    def write(self, data: bytes) -> None:
        """Writes a part, in order with what `send` sends. Neither waits nor raises; does nothing after the end."""
        ...

    def backlog(self) -> int:
        """Returns how many written bytes the kernel has not taken yet."""
        ...

    def when_half_closed(self, act: Callable[[], None]) -> None:
        """Has `act` called when the client has closed its sending side: it has left, or it only reads from now on."""
        ...

    def has_left(self) -> bool:
        """Returns whether the client has closed its connection, or has cancelled the request. Its answer would be
        dropped."""
        ...

    def abort(self) -> None:
        """Cuts the connection off, and drops what was not sent yet."""
        ...


def body_of(scope: HTTPScope) -> Body | None:
    """Returns the server's Body, or None when it offers none."""
    return cast("Body | None", (scope.get("extensions") or {}).get(EXTENSION))


def has_left(scope: HTTPScope) -> bool:
    """Returns whether the client is known to have left. No server but `serve` says so before its answer is sent."""
    body = body_of(scope)
    return body is not None and body.has_left()


def is_never_waiting(scope: HTTPScope) -> bool:
    """Returns whether the server's `send` returns at once, however much the client has left unread.

    daphne's does; it is the server that names no `spec_version`.
    """
    return "spec_version" not in scope.get("asgi", {})


chunk = Once(lambda data: b"%x\r\n%b\r\n" % (len(data), data))
