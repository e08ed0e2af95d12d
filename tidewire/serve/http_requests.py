"""One HTTP request: daphne's, refused before it costs memory.

daphne reads a request's whole body before the application sees its first byte. So the limit of a body must hold here:
by its Content-Length, and by counting what arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol, cast

from daphne import http_protocol
from twisted.python.failure import Failure

from tidewire.ground import metrics
from tidewire.ground.request_ids import request_id
from tidewire.http import lifecycle
from tidewire.http.addresses import address_behind_proxies, is_forwarded
from tidewire.http.problems import NO_HOST, TOO_LARGE, Problem, http_date
from tidewire.protocol import http_chunks

MAX_HEADERS, MAX_HEADER_BYTES = 100, 16 * 1024
"""Of one request, on every protocol: above, it is answered with 431. The bytes are those of its first line and of all
header lines."""


class Connection(Protocol):
    """The part of an HTTP connection that its requests use."""

    persistent: bool
    is_refused: bool
    origins: list[bytes]

    @property
    def path(self) -> str: ...
    @property
    def unread(self) -> int: ...
    def headers_arrived(self, address: str, has_body: bool) -> None: ...
    def body_grew(self, count: int) -> None: ...
    def body_arrived(self) -> None: ...
    def wrote(self, count: int) -> None: ...
    def write_part(self, data: bytes) -> None: ...
    def cut_off(self) -> None: ...
    def leave(self) -> None: ...
    async def drained(self) -> None: ...
    def hand_over(self) -> None: ...
    def when_half_closed(self, act: Callable[[], None]) -> None: ...
    def refuse(self, problem: Problem) -> None: ...


class Request(http_protocol.WebRequest):
    """One request. Twisted calls its methods as the request's parts arrive, in the order in which they stand here."""

    _has_length = False

    @property
    def _connection(self) -> Connection:
        return cast(Connection, self.channel)

    @property
    def _open_connection(self) -> Connection | None:
        """The same; None once the client has left, or has its whole answer."""
        return cast("Connection | None", getattr(self, "channel", None))

    @property
    def extensions(self) -> dict[str, object]:
        """What the scope of this request offers beyond ASGI; see tidewire/protocol/http_chunks.py."""
        return {http_chunks.EXTENSION: ResponseBody(self)}

    def gotLength(self, length: int | None) -> None:
        """The headers have arrived; `length` is the Content-Length, None without one."""
        self.content = BytesIO()  # bounded by the limit: no need for files on disk
        self._connection.headers_arrived(self._address(), has_body=length != 0)
        self._max_bytes = self.server.options.body_sizes.of(self._connection.path)
        if length is not None and length > self._max_bytes:
            self._connection.refuse(TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:
        if self.content.tell() + len(data) > self._max_bytes:
            self._connection.refuse(TOO_LARGE)
        elif not self._connection.is_refused:
            self.content.write(data)
            self._connection.body_grew(self.content.tell())

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self._parsePOSTFormSubmission = False  # Django does that
        super().requestReceived(command, path, version)

    def process(self) -> Any:
        """The whole request has arrived: passes it to the application, or to a WebSocket, or refuses it."""
        connection = self._connection
        connection.body_arrived()
        if connection.is_refused:
            return None
        self.requestHeaders.removeHeader(b"daphne-root-path")  # any client may send it
        if self.clientproto != b"HTTP/1.0" and len(self.requestHeaders.getRawHeaders(b"host", [])) != 1:
            return self.refuse(NO_HOST)
        if self.requestHeaders.getRawHeaders(b"upgrade", [b""])[0].lower() == b"websocket":
            return self._upgrade()
        if lifecycle.is_draining() or lifecycle.is_leaving():
            connection.leave()
        if not connection.persistent:
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        self.server.requests.add(self)
        begun = super().process()
        self.content = BytesIO()  # the application has the body
        return begun

    def _address(self) -> str:
        """Returns the client's own address, behind the proxies; "" where it is unknown."""
        headers = [(name.lower(), value) for name, values in self.requestHeaders.getAllRawHeaders() for value in values]
        peer = getattr(self.client, "host", "")
        if not is_forwarded(name for name, _ in headers):
            return peer
        return address_behind_proxies(headers, peer, self.server.options.trusted_proxies)

    def _upgrade(self) -> Any:
        """Hands the connection over to a WebSocket, unless the limits refuse it."""
        address = self._address()
        problem = self.server.limiter.refusal(address, asyncio.get_running_loop().time())
        if problem is not None:
            return self.refuse(problem)
        self.server.ws_factory.next_address = address
        self._connection.hand_over()
        return super().process()

    # -- answered ------------------------------------------------------------------------------------------------------

    def handle_reply(self, message: dict[str, Any]) -> None:
        """As daphne's; counts what was written and not taken by the kernel."""
        connection = self._open_connection
        before = connection.unread if connection else 0
        if message["type"] == "http.response.start":
            self._has_length = any(name.lower() == b"content-length" for name, _ in message.get("headers", ()))
        super().handle_reply(message)
        if connection and (written := connection.unread - before):
            connection.wrote(written)

    async def drained(self) -> None:
        """Waits until a streamed answer may go on: its client has read most of it. An answer that says its length is
        not delayed, because a thread would wait with it, and its bytes are bounded anyway."""
        connection = self._open_connection
        if connection and not self._has_length:
            await connection.drained()

    def refuse(self, problem: Problem) -> None:
        """Answers without asking the application; the connection ends with the answer."""
        metrics.refusals.labels(problem.code).inc()
        self._connection.persistent = False
        headers, content = problem.answer(self._connection.origins, request_id())
        headers += [(b"connection", b"close"), (b"date", http_date())]
        self.handle_reply({"type": "http.response.start", "status": problem.status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": content})

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """daphne's own refusals, as problem documents."""
        if not self._response_started:
            self.refuse(Problem(status, "bad_request" if status < 500 else "error", f"{body.rstrip('.')}."))

    def finish(self) -> None:
        super().finish()
        self.server.requests.discard(self)

    def connectionLost(self, reason: Failure) -> None:
        super().connectionLost(reason)
        self.server.requests.discard(self)


class ResponseBody:
    """The body of a response that stays open; see tidewire/protocol/http_chunks.py."""

    __slots__ = ("_request",)

    def __init__(self, request: Request) -> None:
        self._request = request

    @property
    def _connection(self) -> Connection | None:
        """The connection while the body may be written: before the headers are, it would stand in their place."""
        request = self._request
        is_over = request.finished or request._disconnected or request.channel is None
        return request._connection if request.startedWriting and not is_over else None

    def write(self, data: bytes) -> None:
        if (connection := self._connection) is not None:
            connection.write_part(http_chunks.chunk(data) if self._request.chunked else data)

    def backlog(self) -> int:
        return connection.unread if (connection := self._connection) is not None else 0

    def when_half_closed(self, act: Callable[[], None]) -> None:
        if (connection := self._connection) is not None:
            connection.when_half_closed(act)

    def has_left(self) -> bool:
        return self._request._open_connection is None

    def abort(self) -> None:
        if (connection := self._connection) is not None:
            connection.cut_off()
