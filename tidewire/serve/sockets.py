"""WebSockets: daphne's, with limits on what comes in, the reason of a close, and finished frames on the way out."""

from __future__ import annotations

from typing import Any

from autobahn.twisted import websocket as autobahn_twisted
from autobahn.websocket import protocol as autobahn_protocol
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol

from tidewire.protocol.websocket_frames import EXTENSION, binary_frame, text_frame
from tidewire.serve import writing

MAX_FRAGMENTS = 1024
"""Of one message: empty ones cost their sender nothing, and us a place in a list each."""

MAX_BACKLOG = 64 * 1024
"""Unsent bytes above which a client's pings are no longer answered: it does not read."""

CLOSE_SECONDS = 3.0
"""How long a client may take to answer a close. One that stalls is cut off then, and its buffers with it."""

CLOSE_REASON_BYTES = 123


def _as_it_is(value: Any, **kwargs: Any) -> Any:
    return value


# autobahn prints all settings of each socket, prettily and in colours, for a debug line that nobody reads: a sixth of
# what it costs to come. Whoever wants the line gets the values as they are.
autobahn_protocol.pformat = _as_it_is
for module in (autobahn_protocol, autobahn_twisted):
    module.hltype = module.hlval = _as_it_is


class Socket(WebSocketProtocol):
    """One WebSocket."""

    address = ""
    _is_direct = False
    _is_counted = False
    _fragments = 0

    def onConnect(self, request: Any) -> Any:
        self.address = self.factory.next_address
        self._is_direct = writing.is_direct(self.transport)
        self.factory.server_class.admission.enter(self.address)
        self._is_counted = True
        self.factory.sockets.add(self)
        return super().onConnect(request)

    def connectionLost(self, reason: Any) -> None:
        if self._is_counted:
            self._is_counted = False
            self.factory.server_class.admission.leave(self.address)
            self.factory.sockets.discard(self)
        super().connectionLost(reason)

    # -- in ------------------------------------------------------------------------------------------------------------

    def onMessageBegin(self, isBinary: bool) -> None:
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._max_message_size_exceeded(self._fragments, MAX_FRAGMENTS, "too many fragments")

    def onPing(self, payload: bytes) -> None:
        if self._is_direct and writing.backlog(self.transport) > MAX_BACKLOG:
            self.transport.abortConnection()
        else:
            super().onPing(payload)

    # -- out -----------------------------------------------------------------------------------------------------------

    def write_frame(self, frame: bytes) -> None:
        """The ASGI extension: see tidewire/protocol/websocket_frames.py."""
        if self.state != self.STATE_OPEN:
            return
        if self._is_direct:
            writing.write(self.transport, frame)
        else:
            self.transport.write(frame)

    def serverSend(self, content: Any, binary: bool = False) -> None:
        """As daphne's, without its limit on what we send, and without complaint when the client has just left."""
        self.write_frame(binary_frame(content) if binary else text_frame(content.encode()))

    def handle_reply(self, message: dict[str, Any]) -> None:
        """daphne forgets the reason of a close."""
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.end(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def end(self, code: int, reason: str = "") -> None:
        """Starts the close handshake, once."""
        if self.state == self.STATE_OPEN:
            self.sendClose(code=code, reason=reason[:CLOSE_REASON_BYTES] or None)


class Factory(WebSocketFactory):
    """Makes the sockets, and knows them."""

    protocol = Socket

    def __init__(self, server: Any, max_message_bytes: int, handshake_seconds: float) -> None:
        super().__init__(server, server="")
        self.sockets: set[Socket] = set()
        self.next_address = ""
        self.setProtocolOptions(
            allowNullOrigin=True,  # origins are the application's to judge
            failByDrop=False,  # a violation is answered with its code: 1002, 1007, 1009
            openHandshakeTimeout=handshake_seconds,
            closeHandshakeTimeout=CLOSE_SECONDS,
            autoPingTimeout=server.ping_timeout,
            maxMessagePayloadSize=max_message_bytes,
            maxFramePayloadSize=max_message_bytes,
        )


def extensions(protocol: Any) -> dict[str, Any]:
    """What the scope of a socket offers."""
    return {EXTENSION: {"write": protocol.write_frame}} if isinstance(protocol, Socket) else {}
