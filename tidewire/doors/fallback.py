"""The protocol's connection over HTTP, for SDKs whose WebSocket is blocked: one open response, and a request for each
message of the client (emulation.py).

The connection is the same as on a socket: the same commands, limits and pings. A balancer may pass the requests to any
process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from tidewire.connection.connection import Connection
from tidewire.connection.consumer import bearer, message_rate, rules
from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.connection.receive_queue import ReceiveQueue
from tidewire.delivery.connections import Connections
from tidewire.delivery.send_queue import Limits, SendQueue
from tidewire.doors import emulation
from tidewire.doors.open_body import OpenBody
from tidewire.doors.open_response import require_place
from tidewire.doors.refusals import Headers, bad_request, full
from tidewire.doors.requests import DoorRequest
from tidewire.engine import engines
from tidewire.engine.engine import Engine
from tidewire.ground.conf import conf
from tidewire.ground.networks import is_loopback, network_of
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code, Disconnect
from tidewire.protocol.websocket_frames import Once

UNBUFFERED: Headers = [(b"cache-control", b"private, no-cache, no-store"), (b"x-accel-buffering", b"no")]
JSON_LINES: Headers = [(b"content-type", b"application/json"), *UNBUFFERED]
PROTOBUF_FRAMES: Headers = [(b"content-type", b"application/octet-stream"), *UNBUFFERED]
EVENTS: Headers = [(b"content-type", b"text/event-stream"), *UNBUFFERED]

Wrap = Callable[[bytes], bytes]

json_lines = Once(lambda message: message + b"\n")
events = Once(lambda message: b"data: " + message.replace(b"\n", b"\ndata: ") + b"\n\n")


def as_it_is(message: bytes) -> bytes:
    return message


class Fallback:
    """One connection: hands the client's messages to it, and the bytes of its send queue to the response.

    `wrap` makes a part of the response's body of a message. Each is made once for all responses of a fan-out.
    """

    def __init__(
        self,
        engine: Engine,
        scope: HTTPScope,
        send: ASGISendCallable,
        codec: Codec,
        wrap: Wrap,
        connection_class: type[ProtocolConnection],
    ) -> None:
        self._engine, self._send, self._wrap, self._codec = engine, send, wrap, codec
        self._body = OpenBody(scope, send)
        self._pong = codec.ping()
        self.send_queue = SendQueue(
            codec,
            self._send_message,
            self._end,
            Limits(unread_bytes=conf.MAX_UNREAD_BYTES, mark_bytes=conf.MARK_BYTES, pong_seconds=conf.PONG_SECONDS),
            engine.flusher,
            engine.timer_wheel,
            self._write_message if self._body.offered else None,
        )
        self.connection: Connection = connection_class(
            engine,
            send_queue=self.send_queue,
            codec=codec,
            rules=rules(),
            close=self._close,
            scope=scope,
            credential=bearer(scope),
        )
        connection = self.connection
        connection.has_close_codes, connection.door = False, "fallback"
        connection.is_token_in_address = scope["method"] == "GET"
        connection.node, connection.session = engine.hub.emulation.node, emulation.new_session(engine)
        self._receive_queue = ReceiveQueue(
            connection.parse, connection.receive, connection.end, message_rate(), connection.shared_rates
        )

    async def serve(self, receive: ASGIReceiveCallable, headers: Headers, first: bytes) -> None:
        """Sends the response until the client leaves or the connection ends. `first` is the client's first message."""
        session = self.connection.session
        self._engine.hub.emulation.add(session, self.receive)
        try:
            await self._body.start(headers)
            self.receive(first)
            self._body.ask_when_half_closed(self.send_queue.ping, self._engine.timer_wheel)
            await self._body.stay_open(receive)
        finally:
            self._engine.hub.emulation.discard(session)
            self.connection.closed()
            self._receive_queue.close()
            self.send_queue.abandon()

    def receive(self, data: bytes) -> None:
        """Takes in a message of the client."""
        self._engine.connections.received_bytes += len(data)
        if data.strip() == self._pong and self.send_queue.pong():
            return
        try:
            self._receive_queue.enqueue(data.decode() if self._codec.is_text else data)
        except UnicodeDecodeError:
            self._end(Disconnect.BAD_REQUEST)

    async def _send_message(self, message: bytes) -> None:
        part: Any = {"type": "http.response.body", "body": self._wrap(message), "more_body": True}
        await self._send(part)

    def _write_message(self, message: bytes) -> None:
        assert self._body.offered is not None
        self._body.offered.write(self._wrap(message))

    def _end(self, code: Code) -> None:
        self.connection.end(code)

    def _close(self, code: Code) -> None:
        """Ends the response once the frames before its end were sent."""
        self._body.end(self.send_queue, code)


class Fallbacks:
    """The doors of the SDKs' fallbacks. `connection_class` speaks the protocol; `json` and `protobuf` encode it."""

    def __init__(self, connection_class: type[ProtocolConnection], json: Codec, protobuf: Codec) -> None:
        self._connection_class, self._json, self._protobuf = connection_class, json, protobuf

    async def http_stream(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answers `POST /connection/http_stream`, whose body is the first message: lines of JSON, or Protobuf."""
        first = await emulation.body(receive)
        if emulation.is_protobuf(scope):
            await self._serve(scope, receive, send, self._protobuf, as_it_is, PROTOBUF_FRAMES, first)
        else:
            await self._serve(scope, receive, send, self._json, json_lines, JSON_LINES, first)

    async def sse(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answers `GET /connection/sse?cf_connect=…`, or a POST whose body is the first message.

        A token in the address must be short-lived; a key belongs into the header, or into the body of a POST.
        """
        if scope["method"] == "GET":
            first = (DoorRequest(scope).one("cf_connect") or "").encode("utf-8", "surrogateescape")
        else:
            first = await emulation.body(receive)
        await self._serve(scope, receive, send, self._json, events, EVENTS, first)

    async def _serve(
        self,
        scope: HTTPScope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
        codec: Codec,
        wrap: Wrap,
        headers: Headers,
        first: bytes,
    ) -> None:
        engine, address = engines.current(), DoorRequest(scope).address
        if not first:
            raise bad_request("The first message of the client is missing.")
        _require_place(engine.connections, address)
        fallback = Fallback(engine, scope, send, codec, wrap, self._connection_class)
        await fallback.serve(receive, headers, first)


def _require_place(connections: Connections, address: str) -> None:
    """Raises RefusalError above the numbers that hold for sockets."""
    require_place(connections)
    limit, network = conf.MAX_UNIDENTIFIED_PER_ADDRESS, network_of(address)
    if not is_loopback(network) and 0 < limit <= connections.unidentified(network):
        raise full()
