"""WebSockets: daphne's, with limits on what clients send, the reasons of closes, and finished frames sent directly."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import autobahn.twisted.websocket
import autobahn.websocket.protocol
from daphne import ws_protocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from tidewire.ground import metrics
from tidewire.ground.frame_rate import AddressFrames, FrameLimits, FrameRate
from tidewire.ground.networks import network_of
from tidewire.protocol.codes import Disconnect
from tidewire.protocol.websocket_frames import EXTENSION, binary_frame, text_frame
from tidewire.serve import direct_writes
from tidewire.serve.direct_writes import Transport

MAX_FRAGMENTS = 1024
"""Of one message. Empty fragments cost their sender next to nothing, and us an entry in a list each."""

MAX_PING_BACKLOG = 64 * 1024
"""Unsent bytes above which a client that pings is cut off: it sends, but does not read our answers."""

TURN_FRAMES = 32
"""Of one socket, in one turn of the event loop. Then the other sockets and requests have theirs."""

PIECE_BYTES = TURN_FRAMES * 6
"""autobahn reads all frames of what it is handed, and copies the rest for each. So it is handed little at a time: this
many bytes outside of a frame, and inside of one what is left of it."""

MAX_LATE_BYTES = 64 * 1024
"""What a client may still send when its socket is being closed. Nothing of it is passed on."""

CLOSE_SECONDS = 3.0
"""How long a client may take to answer a close. Then its connection is cut, which frees its buffers."""

CLOSE_REASON_BYTES = 123  # RFC 6455: a control frame's 125 without the code


def _silence_autobahn() -> None:
    """Replaces the functions with which autobahn formats the settings of each socket, in colour, for a debug line that
    is never shown."""

    def unformatted(value: object, **options: object) -> object:
        return value

    for module in (autobahn.websocket.protocol, autobahn.twisted.websocket):
        vars(module).update(pformat=unformatted, hltype=unformatted, hlval=unformatted)


_silence_autobahn()


class WebSocket(ws_protocol.WebSocketProtocol):
    """One WebSocket."""

    address = ""
    _transport: Transport
    _is_direct = False
    _is_counted = False
    _is_paused = False
    _is_flooded = False
    _resume_timer: asyncio.TimerHandle | asyncio.Handle | None = None
    _unread = b""
    _frames = 0
    _late_bytes = 0
    _fragments = 0

    @property
    def extensions(self) -> dict[str, dict[object, object]]:
        """What the scope of this socket offers beyond ASGI; see tidewire/protocol/websocket_frames.py."""
        return {EXTENSION: {"write": self.write_frame, "frame_rate": self._frame_rate, "end_code": self.end_code}}

    def end_code(self) -> int | None:
        """Returns the code of the close frame that was sent first, or None where the client closed, or was cut off."""
        return self.localCloseCode if self.closedByMe or self.failedByMe else None

    def onConnect(self, request: Any) -> Any:
        """The handshake has arrived and may be accepted."""
        self.address = self.factory.next_address
        self._frame_rate = self.factory.frame_rate(self.address)
        self._frame_rate.on_share = self._resume_soon
        self._transport = cast(Transport, self.transport)
        self._is_direct = direct_writes.is_direct(self.transport)
        self.factory.server_class.limiter.opened(self.address)
        self._is_counted = True
        self.factory.sockets.add(self)
        return super().onConnect(request)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._is_counted:
            self._is_counted = False
            self.factory.server_class.limiter.closed(self.address)
            self.factory.sockets.discard(self)
        if self._resume_timer is not None:
            self._resume_timer.cancel()
        super().connectionLost(reason)
        direct_writes.drop_backlog(cast(Transport, self.transport))

    # -- received ------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        """Reads frames in turns, at the rate that the client is allowed. What is above it stays in the kernel, where it
        slows the client down."""
        if not self._is_counted:  # the handshake
            super().dataReceived(data)
        elif not self._is_flooded:
            if self.state == self.STATE_CLOSING:
                self._late_bytes += len(data)
                if self._late_bytes > MAX_LATE_BYTES:
                    self._stop_reading()
                    return
            self._unread += data
            if not self._is_paused:
                self._read()

    def onOpen(self) -> None:
        super().onOpen()
        self._resume()

    def _read(self) -> None:
        """Hands autobahn what has arrived: as much as this turn of the loop and the client's rate allow."""
        if self.state == self.STATE_CONNECTING:
            self._pause()
            return
        now = asyncio.get_running_loop().time()
        unread, at, self._frames = self._unread, 0, 0
        wait = self._frame_rate.wait(now)
        while not wait and at < len(unread) and self._frames < TURN_FRAMES:
            size = self._frame_rest or PIECE_BYTES
            super().dataReceived(unread[at : at + size])
            at += size
            wait = self._frame_rate.wait(now)
        self._unread = unread[at:]
        if wait and self._frame_rate.is_flooded(now):
            self._end_flood()
        elif self._unread:
            self._pause()
            loop = asyncio.get_running_loop()
            self._resume_timer = loop.call_later(wait, self._resume) if wait else loop.call_soon(self._resume)

    @property
    def _frame_rest(self) -> int:
        """The bytes that are missing of the frame that has begun; 0 outside of one."""
        frame: Any = self.current_frame
        return frame.length - self.current_frame_masker.pointer() if frame is not None else 0

    def _pause(self) -> None:
        """Reads nothing more, until `_resume`."""
        self._transport.pauseProducing()
        self._is_paused = True

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused, self._resume_timer = False, None
            self._read()
            if not self._is_paused and not self._is_flooded:
                self._transport.resumeProducing()

    def _resume_soon(self) -> None:
        """Ends a wait for the frames of other clients at the same address: this one is known by its account now."""
        if self._is_paused and self._resume_timer is not None:
            self._resume_timer.cancel()
            self._resume_timer = asyncio.get_running_loop().call_soon(self._resume)

    def _stop_reading(self) -> None:
        """Reads nothing more, not even the answer to a close: after CLOSE_SECONDS the connection is cut."""
        self._is_flooded, self._unread = True, b""
        self._transport.pauseProducing()

    def _end_flood(self) -> None:
        """Closes the socket of a client that sends too much."""
        self._stop_reading()
        metrics.disconnects.labels(Disconnect.TOO_MANY_REQUESTS.code).inc()
        self.end(Disconnect.TOO_MANY_REQUESTS.code, Disconnect.TOO_MANY_REQUESTS.reason)

    def onFrameBegin(self) -> None:
        frame: Any = self.current_frame
        self._frames += 1
        self._frame_rate.spend(frame.length, asyncio.get_running_loop().time())
        super().onFrameBegin()

    def onMessageBegin(self, isBinary: bool) -> None:
        self._fragments = 0
        super().onMessageBegin(isBinary)

    def onMessageFrameBegin(self, length: int) -> None:
        super().onMessageFrameBegin(length)
        self._fragments += 1
        if self._fragments > MAX_FRAGMENTS and not self.failedByMe:
            self._max_message_size_exceeded(self._fragments, MAX_FRAGMENTS, "too many fragments")

    def onPing(self, payload: bytes) -> None:
        if self._is_direct and direct_writes.backlog(self._transport) > MAX_PING_BACKLOG:
            self._transport.abortConnection()
        else:
            super().onPing(payload)

    # -- sent ----------------------------------------------------------------------------------------------------------

    def write_frame(self, frame: bytes) -> None:
        """Sends a whole frame, at once and in order; does nothing unless the socket is open."""
        if self.state != self.STATE_OPEN:
            return
        if self._is_direct:
            direct_writes.write(self._transport, frame)
        else:
            self._transport.write(frame)

    def serverSend(self, content: Any, binary: bool = False) -> None:
        """As daphne's, without its size limit on what we send, and without an error when the client has just left."""
        self.write_frame(binary_frame(content) if binary else text_frame(content.encode()))

    def handle_reply(self, message: dict[str, Any]) -> None:
        """As daphne's, which drops the reason of a close."""
        if message.get("type") == "websocket.close" and self.state == self.STATE_OPEN:
            self.end(message.get("code") or 1000, message.get("reason") or "")
        else:
            super().handle_reply(message)

    def end(self, code: int, reason: str = "") -> None:
        """Starts the close handshake; does nothing after the first call."""
        if self.state == self.STATE_OPEN:
            self.sendClose(code=code, reason=reason[:CLOSE_REASON_BYTES] or None)


class WebSocketFactory(ws_protocol.WebSocketFactory):
    """Makes the WebSockets of one process, and holds those that are open in `sockets`.

    `next_address` is the client's address of the handshake that is being handed over: daphne passes none on.
    """

    protocol = WebSocket

    def __init__(self, server: Any, max_message_bytes: int, frames: FrameLimits, handshake_seconds: float) -> None:
        super().__init__(server, server="")
        self._frame_limits, self._address_frames = frames, AddressFrames(frames)
        self.sockets: set[WebSocket] = set()
        self.next_address = ""
        self.setProtocolOptions(
            allowNullOrigin=True,  # http/origins.py judges origins
            failByDrop=False,  # a violation is answered with its close code: 1002, 1007, 1009
            openHandshakeTimeout=handshake_seconds,
            closeHandshakeTimeout=CLOSE_SECONDS,
            autoPingTimeout=server.ping_timeout,
            maxMessagePayloadSize=max_message_bytes,
            maxFramePayloadSize=max_message_bytes,
        )

    def frame_rate(self, address: str) -> FrameRate:
        """Returns the rate of a new socket from this address."""
        now = asyncio.get_running_loop().time()
        return FrameRate(self._frame_limits, self._address_frames.bucket(network_of(address), now), now)
