"""HTTP connections: deadlines for clients that send slowly, and back-pressure for clients that do not read.

All begin as HTTP/1.1. One whose client chooses HTTP/2 in TLS is handed over to http2/connection.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO
from typing import Any, cast

from daphne import http_protocol
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from zope.interface import implementer

from tidewire.ground import metrics
from tidewire.ground.networks import network_of
from tidewire.ground.token_bucket import TokenBucket
from tidewire.http.problems import FULL, FULL_OF_BODIES, LONG_HEADERS, MALFORMED, Problem
from tidewire.http.view_limit import PROBE_PATHS
from tidewire.serve import direct_writes
from tidewire.serve.address_rates import AddressRates
from tidewire.serve.direct_writes import Transport
from tidewire.serve.http2.request_turns import RequestTurns
from tidewire.serve.http_places import HTTPPlaces
from tidewire.serve.http_requests import MAX_HEADER_BYTES, MAX_HEADERS, Request
from tidewire.serve.reactor import event_loop
from tidewire.serve.unfinished_bodies import UnfinishedBodies
from tidewire.serve.unread_answers import UnreadAnswers

LINGER_SECONDS = 5.0
"""How long a refused client's remaining bytes are read and dropped. Closing at once would make the kernel send a reset,
which may destroy the answer before the client has read it."""

FULL_SECONDS = 2.0
"""How long an address that has too many requests waits for the refusal of the next one."""

DROPPED_BYTES_PER_SECOND = 64 * 1024 * 1024
DROP_PAUSE_SECONDS = 0.05


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class HTTPConnection(HTTPChannel):
    """One connection: its requests, one after the other, until it closes or becomes a WebSocket's.

    Each request has two deadlines, for its headers and for its body. They are absolute: a byte now and then does not
    extend them. Between requests Twisted's own timeout for idle connections holds (KEEP_ALIVE_SECONDS).

    The next request is not begun, and not even read, while more than UNREAD_ANSWER_BYTES of the answers before it wait
    for the client. Twisted calls `pauseProducing` above that number, and `resumeProducing` when nothing waits any more.

    A client may close its sending side behind its last request: it gets all answers. A client that has left looks the
    same, until something is written to it. (With TLS there is no such half: the end of the sending side ends all.)

    `origins` are the values of the current request's Origin headers, as far as its headers have arrived. `network` is
    the peer's, and from the headers of a request until its answer that of the request's client.
    """

    maxHeaders, totalHeadersSize = MAX_HEADERS, MAX_HEADER_BYTES
    requestFactory = Request
    is_refused = False
    _is_surplus = False
    _is_half_closed = False
    _at_half_close: Callable[[], None] | None = None
    _deadline: asyncio.TimerHandle | None = None
    _next_bytes = b""
    _drained: asyncio.Event | None = None

    @property
    def _transport(self) -> Transport:
        return cast(Transport, self.transport)

    @property
    def path(self) -> str:
        """The path of the request whose headers have arrived."""
        return self._path.partition(b"?")[0].decode("latin-1")

    @property
    def unread(self) -> int:
        """How many bytes of answers the kernel has not taken yet."""
        return direct_writes.backlog(self._transport)

    def connectionMade(self) -> None:
        direct_writes.plain(self._transport).bufferSize = self.factory.server.options.unread_answer_bytes
        super().connectionMade()
        self.origins: list[bytes] = []
        self._peer_network = self.network = network_of(getattr(self.getPeer(), "host", ""))
        self._is_surplus = not self.factory.places.admit(self)
        # A surplus connection is refused when its headers have arrived: they say which page may read the refusal.
        self._set_deadline(LINGER_SECONDS if self._is_surplus else self.factory.server.options.header_seconds)

    def handshakeCompleted(self) -> None:
        """TLS is established: hands the connection over if its client has chosen HTTP/2."""
        transport = cast(Any, self.transport)
        if transport.negotiatedProtocol == b"h2":
            from tidewire.serve.http2.connection import HTTP2Connection  # with TLS only, and its packages with it

            self._networkProducer.unregisterProducer()
            self.hand_over()
            transport.wrappedProtocol = HTTP2Connection(self.factory, transport)

    # -- received ------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        if self.is_refused:
            self._drop(data)
            return
        if self._must_wait:  # what Twisted had read before it was paused
            self._next_bytes += data
            return
        if not self._handlingRequest:
            self.factory.places.begin(self)
            if self._deadline is None:  # the first bytes of the next request
                self._set_deadline(self.factory.server.options.header_seconds)
        super().dataReceived(data)

    @property
    def _must_wait(self) -> bool:
        """Whether the next request waits until the answers before it are read."""
        return self._waitingForTransport and not self._handlingRequest

    def lineReceived(self, line: bytes) -> None:
        if not self.is_refused:
            if line[:7].lower() == b"origin:":
                self.origins.append(line[7:].strip())
            super().lineReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        if not self.is_refused:
            super().rawDataReceived(data)

    def headers_arrived(self, address: str, has_body: bool) -> None:
        """The request is one of `address`. Refuses it where that, or the process, has too many connections."""
        self.network = network_of(address)
        if self._is_surplus:
            self.persistent = False
        if self.path not in PROBE_PATHS:
            if self._is_surplus:
                self.refuse(FULL)
                return
            if not self.factory.places.is_allowed(self):
                self.refuse(FULL, delay=FULL_SECONDS)
                return
        self._set_deadline(self.factory.server.options.body_seconds if has_body else None)

    def body_grew(self, count: int) -> None:
        self.factory.bodies.received(self, count)

    def body_arrived(self) -> None:
        if not self.is_refused:
            self.factory.bodies.arrived(self)
            self._set_deadline(None)

    def stop_reading(self) -> None:
        """Leaves what the client sends in the kernel, so that the client must wait."""
        self._transport.pauseProducing()

    def read_on(self) -> None:
        self._transport.resumeProducing()

    def hand_over(self) -> None:
        """Lets go of the connection: it is a WebSocket's from now on."""
        self._set_deadline(None)
        self.setTimeout(None)
        self._forget()

    def refuse(self, problem: Problem, delay: float = 0.0) -> None:
        """Answers and ends the connection. What the client still sends is dropped. With a delay, in seconds, the client
        waits for the answer: one that comes again at once would cost as much as one that is served."""
        if self.is_refused:
            return
        self.is_refused = True
        metrics.refusals.labels(problem.code).inc()
        self._drop_body()
        self.setTimeout(None)
        if delay:
            self.stop_reading()
            self._set_deadline(delay, lambda: self._send_refusal(problem))
        else:
            self._send_refusal(problem)

    def _send_refusal(self, problem: Problem) -> None:
        self._transport.write(problem.response(self.origins))
        if self.isSecure():
            self.loseConnection()  # ends TLS, which has no half to close
        else:
            self._transport.loseWriteConnection()
        self.read_on()
        self._set_deadline(LINGER_SECONDS)

    def _drop_body(self) -> None:
        """Frees what has arrived of the current request's body."""
        self.factory.bodies.forget(self)
        for request in self.requests[-1:]:
            request.content = BytesIO()

    def _drop(self, data: bytes) -> None:
        """Drops what a refused client still sends, all such clients together at DROPPED_BYTES_PER_SECOND."""
        loop = asyncio.get_running_loop()
        if not self.factory.dropping.take(loop.time(), len(data)):
            self.stop_reading()
            loop.call_later(DROP_PAUSE_SECONDS, self._drop_on)

    def _drop_on(self) -> None:
        if self.connected:
            self.read_on()

    def lineLengthExceeded(self, line: bytes) -> None:
        """Twisted's own refusal, as a problem document."""
        self.refuse(LONG_HEADERS)

    def _respondToBadRequestAndDisconnect(self) -> None:
        """Twisted's own refusal, as a problem document."""
        are_long = self._receivedHeaderCount > MAX_HEADERS or self._receivedHeaderSize > MAX_HEADER_BYTES
        self.refuse(LONG_HEADERS if are_long else MALFORMED)

    def _send100Continue(self) -> None:
        if not self.is_refused:
            super()._send100Continue()

    # -- answered ------------------------------------------------------------------------------------------------------

    def wrote(self, count: int) -> None:
        """Bytes of an answer were written."""
        self.factory.unread.wrote(self, count)

    def write_part(self, data: bytes) -> None:
        """Writes a part of an answer that stays open, at once where possible."""
        before = self.unread
        if direct_writes.is_direct(self._transport):
            direct_writes.write(self._transport, data)
        else:
            self._transport.write(data)
        if (written := self.unread - before) > 0:
            self.wrote(written)

    def requestDone(self, request: Any) -> None:
        self.origins = []  # before the next request, which may have arrived already
        self._at_half_close = None
        self.network = self._peer_network
        self.factory.bodies.forget(self)
        waiting, self._dataBuffer = self._dataBuffer, []
        super().requestDone(request)
        if self.persistent:
            self._next_bytes = b"".join(waiting)
            self._go_on()

    def _go_on(self) -> None:
        """Begins the next request, if it has arrived and its client has read the answers before it."""
        if self._must_wait:
            self.stop_reading()
            return
        data, self._next_bytes = self._next_bytes, b""
        self.factory.places.wait(self)
        if data:
            self.dataReceived(data)
        if self._is_half_closed and not self._handlingRequest:
            self.loseConnection()

    def pauseProducing(self) -> None:
        """More bytes wait for the client than it may leave unread."""
        super().pauseProducing()
        if self._drained is None:
            self._drained = asyncio.Event()

    def resumeProducing(self) -> None:
        """The kernel has taken all that was written."""
        super().resumeProducing()
        self._set_drained()
        if not self._handlingRequest and not self.is_refused:
            self._go_on()

    async def drained(self) -> None:
        """Waits while more than UNREAD_ANSWER_BYTES are unread, or until the connection ends."""
        if self._drained is not None:
            await self._drained.wait()

    def _set_drained(self) -> None:
        if self._drained is not None:
            self._drained.set()
            self._drained = None

    # -- ended ---------------------------------------------------------------------------------------------------------

    def readConnectionLost(self) -> None:
        """The client has closed its sending side: what is not a whole request by now never will be one."""
        self._is_half_closed = True
        if self._at_half_close is not None:
            self._at_half_close()
        if not self._handlingRequest and not self._next_bytes:
            self.loseConnection()

    def when_half_closed(self, act: Callable[[], None]) -> None:
        """Has `act` called when that happens while the current request is answered, or now if it has happened."""
        self._at_half_close = act
        if self._is_half_closed:
            act()

    def writeConnectionLost(self) -> None:
        """Our sending side is closed, as `refuse` asked for."""

    def leave(self) -> None:
        """Ends the connection with the current answer."""
        self.persistent = False

    def end_if_idle(self) -> None:
        """Ends the connection: now between two requests, otherwise with the answer to the current one."""
        if self.requests:
            self.persistent = False
        else:
            self.loseConnection()

    def cut_off(self) -> None:
        """Ends the connection at once, with a reset; what is unread is dropped."""
        self._transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._set_deadline(None)
        self._next_bytes = b""
        self._forget()
        self._set_drained()
        super().connectionLost(reason)
        direct_writes.drop_backlog(self._transport)

    def _forget(self) -> None:
        self.factory.places.discard(self)
        self.factory.bodies.forget(self)
        self.factory.unread.forget(self)

    def _set_deadline(self, seconds: float | None, then: Callable[[], None] | None = None) -> None:
        """Cuts the connection off in so many seconds, or does what `then` says; None for never. Replaces the deadline
        before."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if seconds:
            self._deadline = asyncio.get_running_loop().call_later(seconds, then or self._time_is_over)

    def _time_is_over(self) -> None:
        """Cuts the connection off, or refuses a request whose body was not read for want of memory."""
        if self.factory.bodies.is_waiting(self):
            self.refuse(FULL_OF_BODIES)
        else:
            self.cut_off()


class HTTPFactory(http_protocol.HTTPFactory):
    """Makes the HTTP connections of one process, and holds what they share: places, bodies, unread answers."""

    protocol = HTTPConnection

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        options = server.options
        self.timeOut = options.keep_alive_seconds
        self.places = HTTPPlaces(options.places, lambda: server.limiter.total, options.trusted_proxies > 0)
        self.bodies = UnfinishedBodies(options.unfinished_bodies_bytes)
        self.dropping = TokenBucket(DROPPED_BYTES_PER_SECOND, DROPPED_BYTES_PER_SECOND, event_loop().time())
        self.unread = UnreadAnswers(options.unread_answers_bytes, options.unread_seconds)
        self.frame_rates: AddressRates | None = None  # of HTTP/2, where TLS is served
        self.request_turns = RequestTurns()

    def buildProtocol(self, addr: Any) -> Any:
        """As Twisted's. daphne's would replace our requests by its own."""
        return super(http_protocol.HTTPFactory, self).buildProtocol(addr)

    def log(self, request: object) -> None:
        """Does nothing: Twisted would format a line of an access log that is not kept."""
