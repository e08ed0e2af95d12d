"""HTTP: daphne's requests, refused before they cost memory, with deadlines for those who send slowly.

daphne takes a request's body in whole before the application sees its first byte, so the limit must hold here: by the
promised length, and by counting.
"""

from __future__ import annotations

import asyncio
from functools import cached_property
from io import BytesIO
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.web.http import HTTPChannel

from tidewire.ground import metrics
from tidewire.ground.timer_wheel import Handle, TimerWheel, timer_wheel
from tidewire.http import lifecycle
from tidewire.http.addresses import client_address
from tidewire.http.problems import FULL, LONG_HEADERS, MALFORMED, NO_HOST, TOO_LARGE, Problem
from tidewire.serve import writing

LINGER_SECONDS = 5.0
"""How long what a refused client still sends is thrown away, so that it reads the answer and not a reset."""

MAX_HEADERS = 100
HTTP_HEADROOM = 1000
"""Connections above the cap for sockets: REST and health must answer when the sockets are full."""


class Request(WebRequest):
    """One request."""

    def gotLength(self, length: int | None) -> None:
        """The headers are complete."""
        self.content = BytesIO()  # bounded by the limit: no need for files on disk
        self.channel.headers_arrived(has_body=length != 0)
        if length is not None and length > self.server.options.max_body_bytes:
            self.channel.refuse(TOO_LARGE)

    def handleContentChunk(self, data: bytes) -> None:
        if self.content.tell() + len(data) > self.server.options.max_body_bytes:
            self.channel.refuse(TOO_LARGE)
        elif not self.channel.is_refused:
            self.content.write(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        self._parsePOSTFormSubmission = False  # Django does that
        super().requestReceived(command, path, version)

    def process(self) -> Any:
        """The request is complete."""
        self.channel.body_arrived()
        if self.channel.is_refused:
            return None
        self.requestHeaders.removeHeader(b"daphne-root-path")  # anybody may send it
        if self.clientproto == b"HTTP/1.1" and len(self.requestHeaders.getRawHeaders(b"host", [])) != 1:
            return self.answer(NO_HOST)
        if self.requestHeaders.getRawHeaders(b"upgrade", [b""])[0].lower() == b"websocket":
            return self._upgrade()
        if lifecycle.is_draining():
            self.channel.persistent = False
            self.responseHeaders.setRawHeaders(b"connection", [b"close"])
        self.server.requests.add(self)
        return super().process()

    def _upgrade(self) -> Any:
        """Hands a handshake to a WebSocket, unless there is no place for it."""
        channel = self.channel
        address = self._address()
        problem = self.server.admission.refusal(address, asyncio.get_running_loop().time())
        if problem is not None:
            return self.answer(problem)
        self.server.ws_factory.next_address = address
        channel.handed_over()
        return super().process()

    def _address(self) -> str:
        forwarded = [value.decode("latin-1") for value in self.requestHeaders.getRawHeaders(b"x-forwarded-for", [])]
        return client_address(forwarded, self.server.options.trusted_proxies) or getattr(self.client, "host", "")

    def answer(self, problem: Problem) -> None:
        """Answers without asking the application; the connection ends with it."""
        metrics.refusals.labels(problem.code).inc()
        self.channel.persistent = False
        self.handle_reply(
            {
                "type": "http.response.start",
                "status": problem.status,
                "headers": [*problem.headers, (b"connection", b"close")],
            }
        )
        self.handle_reply({"type": "http.response.body", "body": problem.body})

    def handle_reply(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body" and self.channel is not None:
            with writing.in_one_piece(self.channel):
                super().handle_reply(message)
        else:
            super().handle_reply(message)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        """daphne's own refusals, as problems too."""
        if not self._response_started:
            self.answer(Problem(status, "bad_request" if status < 500 else "error", f"{body.rstrip('.')}."))

    def finish(self) -> None:
        super().finish()
        self.server.requests.discard(self)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.server.requests.discard(self)


class Channel(HTTPChannel):
    """One connection."""

    maxHeaders = MAX_HEADERS
    requestFactory = Request
    is_refused = False
    _deadline: Handle | None = None
    _idle: Handle | None = None

    @cached_property
    def _timer_wheel(self) -> TimerWheel:
        return timer_wheel()

    @cached_property
    def _ends(self) -> tuple[Any, Any]:
        """Ours and the peer's address, which Twisted asks the kernel for with each request."""
        return super().getHost(), super().getPeer()

    def getHost(self) -> Any:
        return self._ends[0]

    def getPeer(self) -> Any:
        return self._ends[1]

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.channels.add(self)
        self._expect_within(self.factory.server.options.header_seconds)
        if self.factory.is_full:
            self.refuse(FULL)

    def dataReceived(self, data: bytes) -> None:
        if self.is_refused:
            return
        if self._deadline is None and not self._handlingRequest:  # the first bytes of another request
            self._expect_within(self.factory.server.options.header_seconds)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if not self.is_refused:
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        if not self.is_refused:
            super().rawDataReceived(data)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(LONG_HEADERS)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted's own refusals, as problems too."""
        self.refuse(MALFORMED)

    def headers_arrived(self, has_body: bool) -> None:
        self._expect_within(self.factory.server.options.body_seconds if has_body else None)

    def body_arrived(self) -> None:
        self._expect_within(None)

    def refuse(self, problem: Problem) -> None:
        """Answers now, whatever is still to come, and throws that away. Then the connection ends."""
        if self.is_refused:
            return
        self.is_refused = True
        metrics.refusals.labels(problem.code).inc()
        self.transport.write(problem.response())
        self.transport.loseWriteConnection()
        self.setTimeout(None)
        self._expect_within(LINGER_SECONDS)

    def handed_over(self) -> None:
        """The connection is a WebSocket's from now on."""
        self._expect_within(None)
        self.setTimeout(None)
        self.factory.channels.discard(self)

    def requestDone(self, request: Any) -> None:
        """The answer is complete, and the next request may be there already."""
        writing.end_piece(self)
        super().requestDone(request)

    def end_if_idle(self) -> None:
        """Ends a kept-alive connection between two requests; one that is in use ends with its answer."""
        if self.requests:
            self.persistent = False
        else:
            self.loseConnection()

    def connectionLost(self, reason: Any) -> None:
        self._expect_within(None)
        self.factory.channels.discard(self)
        super().connectionLost(reason)

    def _expect_within(self, seconds: float | None) -> None:
        """Whoever has not gone on by then is cut off. An absolute deadline: a byte now and then does not move it."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._timer_wheel.call_later(seconds, self._cut_off) if seconds else None

    def setTimeout(self, period: float | None) -> float | None:
        """As Twisted's, which takes a timer off and puts one on with each request, on the wheel."""
        before, self.timeOut = self.timeOut, period
        if self._idle is not None:
            self._idle.cancel()
        self._idle = self._timer_wheel.call_later(period, self._idled) if period is not None else None
        return before

    def resetTimeout(self) -> None:
        if self._idle is not None:
            self.setTimeout(self.timeOut)

    def _idled(self) -> None:
        self._idle = None
        self.timeoutConnection()

    def _cut_off(self) -> None:
        self._deadline = None
        self.transport.abortConnection()

    def _send100Continue(self) -> None:
        if not self.is_refused:
            super()._send100Continue()


class Factory(HTTPFactory):
    """Makes the connections, and knows them."""

    protocol = Channel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.channels: set[Channel] = set()

    @property
    def is_full(self) -> bool:
        most = self.server.options.max_connections
        return most > 0 and len(self.channels) + self.server.admission.count > most + HTTP_HEADROOM

    def buildProtocol(self, addr: Any) -> Any:
        """Not daphne's, which puts its own requests in."""
        return super(HTTPFactory, self).buildProtocol(addr)

    def log(self, request: Any) -> None:
        """Twisted formats a line of an access log that nobody keeps."""

    def acceptableProtocols(self) -> list[bytes]:
        return [b"http/1.1"]
