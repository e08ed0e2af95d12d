"""One stream: what an HTTP/1.1 connection is to its request, under the same limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from io import BytesIO
from typing import Any, Protocol

from h2.errors import ErrorCodes
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from tidewire.ground.networks import network_of
from tidewire.http.problems import FULL, FULL_OF_BODIES, LONG_HEADERS, MALFORMED, Problem
from tidewire.http.view_limit import PROBE_PATHS
from tidewire.serve.http2.driver import Driver
from tidewire.serve.http2.frames import MAX_FRAME_BYTES, PSEUDO_HEADERS
from tidewire.serve.http_requests import MAX_HEADER_BYTES, MAX_HEADERS, Request

BESIDE_HEADER = len(": ")
FULL_SECONDS = 2.0
"""How long a refusal waits for an address that has too many requests; as on HTTP/1.1."""

HOP_BY_HOP = frozenset((b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"))
"""Headers of HTTP/1.1's connections, which HTTP/2 forbids."""

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

CONTINUE = ((b":status", b"100"),)


class Connection(Protocol):
    """The connection of a stream, as far as the stream uses it."""

    driver: Driver
    factory: Any
    network: str
    is_surplus: bool

    def takes_place(self, stream: Stream) -> bool: ...
    def getPeer(self) -> Any: ...
    def getHost(self) -> Any: ...
    def has_to_send(self, stream: Stream) -> None: ...
    def sent_frame(self) -> None: ...
    def reset(self, stream: Stream, code: ErrorCodes) -> None: ...
    def fail(self, stream: Stream) -> None: ...
    def forget(self, stream: Stream) -> None: ...
    def leave(self) -> None: ...


class Stream:
    """The request of one stream and its answer. Its request uses it as its connection (`http_requests.Connection`), and
    so do the limits that connections share: places, bodies, unread answers.

    `network` is that of the request's client. `unread` are bytes of the answer that the client's windows, or its
    connection, have not taken: at UNREAD_ANSWER_BYTES the application waits, as on HTTP/1.1.
    """

    transport = None  # Twisted's requests ask for one
    persistent = True
    is_refused = False
    _is_ended = _is_finished = _is_stopped = _has_headers_sent = _has_body = False
    _deadline: asyncio.TimerHandle | None = None
    _drained: asyncio.Event | None = None
    _headers: list[tuple[bytes, bytes]] | None = None
    _length: int | None = None

    def __init__(self, connection: Connection, number: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._connection, self.number = connection, number
        self.factory, self.network = connection.factory, connection.network
        self.origins: list[bytes] = []
        self._body_bytes = self._waiting_bytes = self._uncounted_bytes = 0
        self._unsent = bytearray()
        self._method = self._uri = b""
        self._request: Request | None = Request(self, queued=False)
        size = sum(len(name) + len(value) + BESIDE_HEADER for name, value in headers)
        self._has_long_headers = len(headers) > MAX_HEADERS + PSEUDO_HEADERS or size > MAX_HEADER_BYTES
        self._read_headers(headers)

    @property
    def path(self) -> str:
        return self._uri.partition(b"?")[0].decode("latin-1")

    @property
    def unread(self) -> int:
        return len(self._unsent)

    # -- received ------------------------------------------------------------------------------------------------------

    def _read_headers(self, headers: list[tuple[bytes, bytes]]) -> None:
        request = self._request
        assert request is not None
        for name, value in headers:
            if name == b":method":
                self._method = value
            elif name == b":path":
                self._uri = value
            elif name in (b":authority", b"host"):  # the driver has checked that they are the same
                request.requestHeaders.setRawHeaders(b"host", [value])
            elif not name.startswith(b":"):
                request.requestHeaders.addRawHeader(name, value)
        lengths = request.requestHeaders.getRawHeaders(b"content-length", [])
        self._length = int(lengths[0]) if lengths else None  # the driver has checked that it is a number
        self.origins = list(request.requestHeaders.getRawHeaders(b"origin", []))
        request.method, request.uri, request.clientproto = self._method, self._uri, b"HTTP/2"

    def begin(self, has_body: bool) -> None:
        """The headers have arrived: judges the request by them."""
        request = self._request
        assert request is not None
        expects = request.requestHeaders.getRawHeaders(b"expect", [b""])[0].lower()
        request.gotLength(self._length if has_body else 0)
        if self._has_long_headers:
            self.refuse(LONG_HEADERS)
        elif not self._is_request:
            self.refuse(MALFORMED)
        if has_body and expects == b"100-continue" and not self.is_refused:
            self._connection.driver.send_headers(self.number, CONTINUE)

    @property
    def _is_request(self) -> bool:
        """Whether its method and its path are those of a request that can be answered. CONNECT asks for a tunnel, also
        for the one of a WebSocket inside of a stream (RFC 8441): here WebSockets stay on HTTP/1.1."""
        is_path = self._uri.startswith(b"/") or self._uri == b"*"
        return is_path and self._method != b"CONNECT" and bool(_TOKEN.fullmatch(self._method))

    def headers_arrived(self, address: str, has_body: bool) -> None:
        """The request is one of `address`. Refuses it where that, or the process, has too many. Each stream counts as a
        connection of HTTP/1.1 would, but the first of its connection, which has that one's place."""
        connection, places = self._connection, self.factory.places
        self.network = network_of(address)
        has_place = connection.takes_place(self) or places.admit(self)
        places.begin(self)
        if self.path not in PROBE_PATHS:
            if connection.is_surplus or not has_place:
                self.refuse(FULL)
                return
            if not places.is_allowed(self):
                self.refuse(FULL, delay=FULL_SECONDS)
                return
        self._set_deadline(self.factory.server.options.body_seconds if has_body else None, self._time_is_over)

    def received(self, data: bytes, size: int) -> None:
        """A piece of the body has arrived; `size` is what it takes of the windows, with its padding."""
        request, driver = self._request, self._connection.driver
        self._body_bytes += len(data)
        if self._length is not None and self._body_bytes > self._length:
            self._connection.fail(self)
            return
        if request is not None and not self.is_refused and not request.finished:
            request.handleContentChunk(data)
        if self._is_stopped:
            self._waiting_bytes += size
            driver.acknowledge_waiting(size)
        else:
            driver.acknowledge_received_data(size, self.number)

    def ended(self) -> bool:
        """The client has sent all. Returns whether its request is to be answered now."""
        self._is_ended = True
        if self._length is not None and self._body_bytes != self._length and self._method != b"HEAD":
            self._connection.fail(self)
            return False
        return not self.is_refused and self._request is not None

    def answer(self) -> None:
        """Passes the request on. A stream that was reset meanwhile has none."""
        if self._request is not None and not self._request.finished and not self.is_refused:
            self._request.requestReceived(self._method, self._uri, b"HTTP/2")

    def body_grew(self, count: int) -> None:
        self.factory.bodies.received(self, count)

    def body_arrived(self) -> None:
        if not self.is_refused:
            self.factory.bodies.arrived(self)
            self._set_deadline(None)

    def stop_reading(self) -> None:
        """Gives the client no more of this stream's window. Its other streams go on."""
        self._is_stopped = True

    def read_on(self) -> None:
        self._is_stopped = False
        waiting, self._waiting_bytes = self._waiting_bytes, 0
        self._connection.driver.release(self.number, waiting)
        self._connection.has_to_send(self)

    def hand_over(self) -> None:
        """Never called: the headers that ask for a WebSocket are forbidden in HTTP/2."""

    def refuse(self, problem: Problem, delay: float = 0.0) -> None:
        """Answers, after `delay` seconds; what the client still sends is dropped. The connection stays."""
        if self.is_refused or self._request is None or self._request.finished:
            return
        self.is_refused = True
        self.factory.bodies.forget(self)
        self._request.content = BytesIO()
        self._set_deadline(delay or 0.0001, lambda: self._send_refusal(problem))

    def _send_refusal(self, problem: Problem) -> None:
        if self._request is not None and not self._request.finished:
            self._request.refuse(problem)

    def _time_is_over(self) -> None:
        if self.factory.bodies.is_waiting(self):
            self.refuse(FULL_OF_BODIES)
        else:
            self.cut_off()

    # -- answered ------------------------------------------------------------------------------------------------------

    def writeHeaders(self, version: bytes, code: bytes, reason: bytes, headers: Any) -> None:
        """Called by the request, once. They are sent with the first part of the body."""
        named = ((name.lower(), value) for name, values in headers.getAllRawHeaders() for value in values)
        self._headers = [(b":status", code), *(each for each in named if each[0] not in HOP_BY_HOP)]
        self._has_body = self._method != b"HEAD" and code not in (b"204", b"304")
        self._connection.has_to_send(self)

    def write(self, data: bytes) -> None:
        if self._is_finished or self._request is None or not self._has_body:
            return
        self._unsent += data
        self._uncounted_bytes += len(data)
        limit = self.factory.server.options.unread_answer_bytes
        if self._drained is None and len(self._unsent) > limit:
            self._drained = asyncio.Event()
        self._connection.has_to_send(self)

    write_part = write

    def wrote(self, count: int) -> None:
        """Does nothing: `account` counts once a turn, after what could be sent was sent."""

    def account(self) -> None:
        count, self._uncounted_bytes = min(self._uncounted_bytes, len(self._unsent)), 0
        if count:
            self.factory.unread.wrote(self, count)

    def send_frame(self) -> bool:
        """Sends one frame, if the client's windows allow it. Returns whether it could send another."""
        driver = self._connection.driver
        if self._headers is not None:
            is_last = self._is_finished and not self._unsent
            driver.send_headers(self.number, self._headers, end_stream=is_last)
            self._headers, self._has_headers_sent = None, True
            self._connection.sent_frame()
            if is_last:
                self._over()
            return not is_last and (bool(self._unsent) or self._is_finished)
        if not self._has_headers_sent:
            return False
        return self._send_data(driver)

    def _send_data(self, driver: Driver) -> bool:
        size = min(len(self._unsent), driver.max_outbound_frame_size, MAX_FRAME_BYTES)
        if size:
            size = min(size, driver.local_flow_control_window(self.number))
            if size <= 0:
                return False
        elif not self._is_finished:
            return False
        data = bytes(memoryview(self._unsent)[:size])
        del self._unsent[:size]
        is_last = self._is_finished and not self._unsent
        driver.send_data(self.number, data, end_stream=is_last)
        self._connection.sent_frame()
        if not self._unsent:
            self._set_drained()
        if is_last:
            self._over()
        return bool(self._unsent) or (self._is_finished and not is_last)

    def _over(self) -> None:
        """The answer is sent whole. It tells a client that still sends its body to stop."""
        if self._is_ended:
            self._connection.forget(self)
        else:
            self._connection.reset(self, ErrorCodes.NO_ERROR)

    async def drained(self) -> None:
        """Waits while more than UNREAD_ANSWER_BYTES are unread, or until the stream ends."""
        if self._drained is not None:
            await self._drained.wait()

    def _set_drained(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    def requestDone(self, request: Request) -> None:
        """Called by the request: its answer is written."""
        self._is_finished = True
        self.factory.bodies.forget(self)
        self._set_deadline(None)
        self._connection.has_to_send(self)

    def when_half_closed(self, act: Callable[[], None]) -> None:
        """Does nothing: the end of a request is no sign here that its client has left. One that leaves resets its
        stream, or closes its connection."""

    def end_if_idle(self) -> None:
        """Does nothing: a stream ends with its answer."""

    loseConnection = end_if_idle

    def leave(self) -> None:
        """The process drains: tells the client to bring its next request elsewhere."""
        self._connection.leave()

    def cut_off(self) -> None:
        """Ends the stream at once; what is unread is dropped."""
        self._connection.reset(self, ErrorCodes.CANCEL)

    def lost(self) -> None:
        """The stream has ended, by either side. Called once, when its connection has forgotten it."""
        self._set_deadline(None)
        self._is_finished = True
        self._unsent = bytearray()
        self._headers = None
        self.factory.places.discard(self)
        self.factory.bodies.forget(self)
        self.factory.unread.forget(self)
        self._set_drained()
        request, self._request = self._request, None
        if request is not None and not request.finished:
            request.connectionLost(Failure(ConnectionLost("the stream has ended")))

    def getPeer(self) -> Any:
        return self._connection.getPeer()

    def getHost(self) -> Any:
        return self._connection.getHost()

    def isSecure(self) -> bool:
        return True

    def _set_deadline(self, seconds: float | None, then: Callable[[], None] | None = None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds and then is not None:
            self._deadline = asyncio.get_running_loop().call_later(seconds, then)
