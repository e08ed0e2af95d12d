"""HTTP/1.1: daphne's requests, refused before they cost memory, with deadlines for clients that send slowly.

daphne reads a request's whole body before the application sees its first byte. So the limit of a body must hold here:
by its Content-Length, and by counting what arrives.
"""

from __future__ import annotations

import asyncio
from io import BytesIO
from typing import Any, cast

from daphne import http_protocol
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from tidewire.ground import metrics
from tidewire.http import lifecycle
from tidewire.http.addresses import address_behind_proxies, is_forwarded
from tidewire.http.problems import FULL, LONG_HEADERS, MALFORMED, NO_HOST, TOO_LARGE, Problem, http_date
from tidewire.protocol import http_chunks
from tidewire.serve import direct_writes
from tidewire.serve.direct_writes import Transport

LINGER_SECONDS = 5.0
"""How long a refused client's remaining bytes are read and dropped. Closing at once would make the kernel send a reset,
which may destroy the answer before the client has read it."""

MAX_HEADERS = 100
HTTP_HEADROOM = 1000
"""Connections beyond the limit of WebSockets: REST and the probes must answer when the sockets are full."""


class Request(http_protocol.WebRequest):
    """One request. Twisted calls its methods as the request's parts arrive, in the order in which they stand here."""

    @property
    def _connection(self) -> HTTPConnection:
        assert isinstance(self.channel, HTTPConnection)
        return self.channel

    @property
    def extensions(self) -> dict[str, object]:
        """What the scope of this request offers beyond ASGI; see tidewire/protocol/http_chunks.py."""
        return {http_chunks.EXTENSION: ResponseBody(self)}

    def gotLength(self, length: int | None) -> None:
        """The headers have arrived; `length` is the Content-Length, None without one."""
        self.content = BytesIO()  # bounded by the limit: no need for files on disk
        self._connection.headers_arrived(has_body=length != 0)
        path, _, _ = self._connection._path.partition(b"?")
        self._max_bytes = self.server.options.body_sizes.of(path.decode("latin-1"))
        if length is not None and length > self._max_bytes:
            self._connection.refuse(TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:
        if self.content.tell() + len(data) > self._max_bytes:
            self._connection.refuse(TOO_LARGE)
        elif not self._connection.is_refused:
            self.content.write(data)

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
        if self.clientproto == b"HTTP/1.1" and len(self.requestHeaders.getRawHeaders(b"host", [])) != 1:
            return self.refuse(NO_HOST)
        if self.requestHeaders.getRawHeaders(b"upgrade", [b""])[0].lower() == b"websocket":
            return self._upgrade()
        if lifecycle.is_draining():
            connection.persistent = False
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        self.server.requests.add(self)
        return super().process()

    @property
    def client_address(self) -> str:
        """The client's own address, behind the proxies; "" where it is unknown."""
        headers = [(name.lower(), value) for name, values in self.requestHeaders.getAllRawHeaders() for value in values]
        peer = getattr(self.client, "host", "")
        if not is_forwarded(name for name, _ in headers):
            return peer
        return address_behind_proxies(headers, peer, self.server.options.trusted_proxies)

    def _upgrade(self) -> Any:
        """Hands the connection over to a WebSocket, unless the limits refuse it."""
        address = self.client_address
        problem = self.server.limiter.refusal(address, asyncio.get_running_loop().time())
        if problem is not None:
            return self.refuse(problem)
        self.server.ws_factory.next_address = address
        self._connection.hand_over()
        return super().process()

    def refuse(self, problem: Problem) -> None:
        """Answers without asking the application; the connection ends with the answer."""
        metrics.refusals.labels(problem.code).inc()
        self._connection.persistent = False
        headers = [*problem.headers(self._connection.origins), (b"connection", b"close"), (b"date", http_date())]
        self.handle_reply({"type": "http.response.start", "status": problem.status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": problem.body})

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
    def _transport(self) -> Transport | None:
        request = self._request
        is_over = request.finished or request._disconnected or request.channel is None
        return None if is_over else request._connection._transport

    def write(self, data: bytes) -> None:
        if (transport := self._transport) is None:
            return
        part = http_chunks.chunk(data) if self._request.chunked else data
        if direct_writes.is_direct(transport):
            direct_writes.write(transport, part)
        else:
            transport.write(part)

    def backlog(self) -> int:
        transport = self._transport
        return direct_writes.backlog(transport) if transport and direct_writes.is_direct(transport) else 0

    def abort(self) -> None:
        if (transport := self._transport) is not None:
            transport.abortConnection()


@implementer(IHalfCloseableProtocol)
class HTTPConnection(HTTPChannel):
    """One connection: its requests, one after the other, until it closes or becomes a WebSocket's.

    Each request has two deadlines, for its headers and for its body. They are absolute: a byte now and then does not
    extend them. Between requests Twisted's own timeout for idle connections holds (KEEP_ALIVE_SECONDS).

    A client may close its sending side behind its last request: it gets all answers. A client that has left looks the
    same, until something is written to it.

    `origins` are the values of the current request's Origin headers, as far as its headers have arrived.
    """

    maxHeaders = MAX_HEADERS
    requestFactory = Request
    is_refused = False
    _is_surplus = False
    _is_half_closed = False
    _deadline: asyncio.TimerHandle | None = None

    @property
    def _transport(self) -> Transport:
        return cast(Transport, self.transport)

    def connectionMade(self) -> None:
        super().connectionMade()
        self.origins: list[bytes] = []
        self.factory.channels.add(self)
        self._is_surplus = self.factory.is_full
        # A surplus connection is refused when its headers have arrived: they say which page may read the refusal.
        self._set_deadline(LINGER_SECONDS if self._is_surplus else self.factory.server.options.header_seconds)

    def dataReceived(self, data: bytes) -> None:
        if self.is_refused:
            return
        if self._deadline is None and not self._handlingRequest:  # the first bytes of the next request
            self._set_deadline(self.factory.server.options.header_seconds)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not self.is_refused:
            if line[:7].lower() == b"origin:":
                self.origins.append(line[7:].strip())
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        if not self.is_refused:
            super().rawDataReceived(data)

    def headers_arrived(self, has_body: bool) -> None:
        if self._is_surplus:
            self.refuse(FULL)
            return
        self._set_deadline(self.factory.server.options.body_seconds if has_body else None)

    def body_arrived(self) -> None:
        self._set_deadline(None)

    def hand_over(self) -> None:
        """Lets go of the connection: it is a WebSocket's from now on."""
        self._set_deadline(None)
        self.setTimeout(None)
        self.factory.channels.discard(self)

    def refuse(self, problem: Problem) -> None:
        """Answers at once and ends the connection. What the client still sends is dropped."""
        if self.is_refused:
            return
        self.is_refused = True
        metrics.refusals.labels(problem.code).inc()
        self._transport.write(problem.response(self.origins))
        self._transport.loseWriteConnection()
        self.setTimeout(None)
        self._set_deadline(LINGER_SECONDS)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Twisted's own refusal, as a problem document."""
        self.refuse(LONG_HEADERS)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted's own refusal, as a problem document."""
        self.refuse(MALFORMED)

    def _send100Continue(self) -> None:
        if not self.is_refused:
            super()._send100Continue()

    def requestDone(self, request: Any) -> None:
        self.origins = []  # before the next request, which may have arrived already
        super().requestDone(request)
        if self._is_half_closed and not self._handlingRequest:
            self.loseConnection()

    def readConnectionLost(self) -> None:
        """The client has closed its sending side: what is not a whole request by now never will be one."""
        self._is_half_closed = True
        if not self._handlingRequest:
            self.loseConnection()

    def writeConnectionLost(self) -> None:
        """Our sending side is closed, as `refuse` asked for."""

    def end_if_idle(self) -> None:
        """Ends the connection: now between two requests, otherwise with the answer to the current one."""
        if self.requests:
            self.persistent = False
        else:
            self.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._set_deadline(None)
        self.factory.channels.discard(self)
        super().connectionLost(reason)

    def _set_deadline(self, seconds: float | None) -> None:
        """Cuts the connection off in so many seconds; None for never. Replaces the deadline before."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds:
            self._deadline = asyncio.get_running_loop().call_later(seconds, self._transport.abortConnection)


class HTTPFactory(http_protocol.HTTPFactory):
    """Makes the connections of one process, and holds in `channels` those that are not WebSockets."""

    protocol = HTTPConnection

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = server.options.keep_alive_seconds
        self.channels: set[HTTPConnection] = set()

    @property
    def is_full(self) -> bool:
        """Whether a connection that has just been made is one too many."""
        limit = self.server.options.connections.total
        return limit > 0 and len(self.channels) + self.server.limiter.total > limit + HTTP_HEADROOM

    def buildProtocol(self, addr: Any) -> Any:
        """As Twisted's. daphne's would replace our requests by its own."""
        return super(http_protocol.HTTPFactory, self).buildProtocol(addr)

    def log(self, request: object) -> None:
        """Does nothing: Twisted would format a line of an access log that is not kept."""

    def acceptableProtocols(self) -> list[bytes]:
        """Not HTTP/2, which Twisted would offer where its packages are installed."""
        return [b"http/1.1"]
