"""The protocol's connection over HTTP, for SDKs whose WebSocket is blocked: one open response, and a request for each
message of the client (emulation.py).

The connection is the same as on a socket: the same commands, limits and pings. A balancer may pass the requests to any
process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope

from tidewire.connection.connection import Connection
from tidewire.connection.consumer import bearer, message_rate, rules
from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.connection.receive_queue import ReceiveQueue
from tidewire.delivery.send_queue import Limits, SendQueue
from tidewire.doors import emulation
from tidewire.doors.open_response import LAST_SECONDS, PROBE_SECONDS
from tidewire.doors.refusals import NO_STORE, Headers, RefusalError, not_allowed
from tidewire.doors.requests import DoorRequest
from tidewire.engine import engines
from tidewire.engine.engine import Engine
from tidewire.ground.conf import conf
from tidewire.protocol import http_chunks
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code, Disconnect
from tidewire.protocol.websocket_frames import Once

logger = logging.getLogger(__name__)

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
        self._body = http_chunks.body_of(scope)
        self._task, self._is_given_up = asyncio.current_task(), False
        self._pong = codec.ping()
        self.send_queue = SendQueue(
            codec,
            self._send_message,
            self._end,
            Limits(unread_bytes=conf.MAX_UNREAD_BYTES, mark_bytes=conf.MARK_BYTES, pong_seconds=conf.PONG_SECONDS),
            engine.flusher,
            engine.timer_wheel,
            self._write_message if self._body else None,
        )
        self.connection: Connection = connection_class(
            engine,
            send_queue=self.send_queue,
            codec=codec,
            rules=rules(),
            close=self._close_soon,
            scope=scope,
            credential=bearer(scope),
        )
        connection = self.connection
        connection.has_close_codes, connection.door = False, "fallback"
        connection.node, connection.session = engine.hub.emulation.node, emulation.new_session(engine)
        self._receive_queue = ReceiveQueue(
            connection.parse, connection.receive, connection.end, message_rate(), connection.shared_rates
        )

    async def serve(self, receive: ASGIReceiveCallable, headers: Headers, first: bytes) -> None:
        """Sends the response until the client leaves or the connection ends. `first` is the client's first message."""
        session = self.connection.session
        self._engine.hub.emulation.add(session, self.receive)
        try:
            await self._send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": False})
            # Servers write the headers with the first part of the body, even if it is empty.
            await self._send({"type": "http.response.body", "body": b"", "more_body": True})
            self.receive(first)
            if self._body is not None:
                self._body.when_half_closed(self._probe)
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not self._is_given_up or self._task is None:
                raise
            self._task.uncancel()
        finally:
            self._engine.hub.emulation.discard(session)
            self.connection.closed()
            self._receive_queue.close()
            self.send_queue.abandon()

    def receive(self, data: bytes) -> None:
        """Takes in a message of the client."""
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
        assert self._body is not None
        self._body.write(self._wrap(message))

    def _probe(self) -> None:
        """Sends two pings to a client that has closed its sending side, as OpenResponse does with comments."""
        self.send_queue.ping()
        self._engine.timer_wheel.call_later(PROBE_SECONDS, self.send_queue.ping)

    def _end(self, code: Code) -> None:
        self.connection.end(code)

    def _close_soon(self, code: Code) -> None:
        """Ends the response once the frames before its end were sent."""
        self._closing = asyncio.get_running_loop().create_task(self._close(code))

    async def _close(self, code: Code) -> None:
        try:
            if code is Disconnect.SLOW and self._body is not None:
                self._body.abort()
                return
            async with asyncio.timeout(LAST_SECONDS):
                await self.send_queue.flushed()
                self.send_queue.close()
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        except Exception as error:
            logger.debug("ending a response whose client has left: %s", error)
        finally:
            self._is_given_up = True
            if self._task is not None:
                self._task.cancel()


class Fallbacks:
    """The doors of the SDKs' fallbacks. `connection_class` speaks the protocol; `json` and `protobuf` encode it."""

    def __init__(self, connection_class: type[ProtocolConnection], json: Codec, protobuf: Codec) -> None:
        self._connection_class, self._json, self._protobuf = connection_class, json, protobuf

    async def http_stream(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answers `POST /connection/http_stream`, whose body is the first message: lines of JSON, or Protobuf."""
        emulation.require_post(scope)
        first = await emulation.body(receive)
        if emulation.is_protobuf(scope):
            await self._serve(scope, receive, send, self._protobuf, as_it_is, PROTOBUF_FRAMES, first)
        else:
            await self._serve(scope, receive, send, self._json, json_lines, JSON_LINES, first)

    async def sse(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answers `GET /connection/sse?cf_connect=…`, or a POST whose body is the first message."""
        if scope["method"] not in ("GET", "POST"):
            raise not_allowed("GET", "POST")
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
            raise RefusalError(400, "bad_request", "The first message of the client is missing.")
        _require_room(engine, address)
        fallback = Fallback(engine, scope, send, codec, wrap, self._connection_class)
        await fallback.serve(receive, headers, first)


def _require_room(engine: Engine, address: str) -> None:
    """Raises RefusalError above the numbers that hold for sockets."""
    is_full = 0 < conf.MAX_CONNECTIONS <= len(engine.connections)
    limit = 0 if address.startswith(("127.", "::1")) else conf.MAX_UNIDENTIFIED_PER_ADDRESS
    if is_full or 0 < limit <= engine.connections.unidentified(address):
        headers = [*NO_STORE, (b"retry-after", b"5")]
        raise RefusalError(503, "too_many_connections", "This server has no place for another connection.", headers)
