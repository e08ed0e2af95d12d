"""One HTTP/2 connection: its frames in turns, its streams, its deadlines, its end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from h2.errors import ErrorCodes
from h2.events import (
    DataReceived,
    Event,
    RemoteSettingsChanged,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)
from h2.exceptions import DenialOfServiceError, ProtocolError
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from tidewire.ground import metrics
from tidewire.ground.networks import is_loopback, network_of
from tidewire.serve import direct_writes
from tidewire.serve.http2.budget import Budget
from tidewire.serve.http2.driver import LAST_STREAM_ID, MAX_STREAMS, Driver
from tidewire.serve.http2.frames import ConnectionFailedError, Frame, FrameReader
from tidewire.serve.http2.sending import Sending
from tidewire.serve.http2.stream import Stream

TURN_FRAMES = 32
"""Of one connection, in one turn of the event loop. Then the other connections have theirs."""

SENT_AHEAD_BYTES = 64 * 1024
"""Bytes of all streams that wait below for the kernel. Above it the streams wait, and so does what the client sends."""

LINGER_SECONDS = 5.0
"""How long a failed connection's remaining bytes are read and dropped, so that the client can read why."""

LEAVE_SECONDS = 1.0
"""Between the word that no more requests should come, and the refusal of those that come nevertheless."""

DROP_PAUSE_SECONDS = 0.05


@implementer(IPushProducer)
class HTTP2Connection(Protocol):
    """One connection. It has one place among HTTP's connections, and each of its streams but one has another.

    The preface, and each frame and header block that has begun, has HEADER_SECONDS; a connection without a stream
    has KEEP_ALIVE_SECONDS. Pings extend neither.
    """

    factory: Any
    _read_timer: asyncio.TimerHandle | None = None
    _idle_timer: asyncio.TimerHandle | None = None
    _is_over = _is_turn_over = _is_leaving = False
    _last_stream_id = LAST_STREAM_ID
    _lender: Stream | None = None

    def __init__(self, factory: Any, transport: Any) -> None:
        """Takes a connection over on which nothing has been read."""
        self.factory = factory
        self.network = network_of(getattr(transport.getPeer(), "host", ""))
        self.is_surplus = not factory.places.admit(self)
        self.driver = Driver()
        self.streams: dict[int, Stream] = {}
        self._reader = FrameReader()
        self._sending = Sending(self.driver, self._write)
        is_counted = not (factory.places.is_proxied or is_loopback(self.network))
        self._loop = asyncio.get_running_loop()
        self._budget = Budget(self.network if is_counted else None, factory.frame_rates, self._loop.time())
        self._ready: deque[Stream] = deque()
        self.makeConnection(transport)

    def connectionMade(self) -> None:
        direct_writes.plain(self.transport).bufferSize = SENT_AHEAD_BYTES
        metrics.http2_connections.inc()
        self._transport.registerProducer(self, True)
        self._wait_for_rest()
        self._sending.send_soon()

    @property
    def _transport(self) -> Any:
        return self.transport

    @property
    def unread(self) -> int:
        """How many bytes the kernel has not taken yet."""
        return direct_writes.backlog(self._transport)

    # -- received ------------------------------------------------------------------------------------------------------

    def dataReceived(self, data: bytes) -> None:
        if self._is_over:
            self._drop(data)
            return
        self._reader.add(data)
        if not self._is_turn_over and not self._sending.is_paused:
            self._read()

    def _read(self) -> None:
        """Handles as many frames as one turn allows. What they ask for begins after the last of them: a request that is
        cancelled at once is never begun."""
        try:
            for _ in range(TURN_FRAMES):
                if (frame := self._reader.next()) is None:
                    break
                self._receive(frame)
            else:
                self._pause_for_turn()
        except ConnectionFailedError as error:
            self._fail(error)
        except ProtocolError as error:  # the driver has written its GOAWAY
            self._end("h2_headers" if isinstance(error, DenialOfServiceError) else "h2_protocol")
        if not self._is_over:
            self._wait_for_rest()
            if self._ready:
                self.factory.request_turns.wait(self)
            self._sending.send_soon()

    def _receive(self, frame: Frame) -> None:
        now = self._loop.time()
        self._budget.spend_frame(frame, now)
        if frame.is_goaway and not self._reader.is_in_block:
            self._leave_soon()  # its client still waits for answers, and may even ask for one more
        elif not frame.is_priority or self._reader.is_in_block:  # priorities are advice, and are not taken
            for event in self.driver.receive_data(frame.raw):
                self._handle(event, now)

    def _handle(self, event: Event, now: float) -> None:
        if isinstance(event, RequestReceived):
            self._begin_stream(event, now)
        elif isinstance(event, DataReceived):
            self._receive_data(event)
        elif isinstance(event, StreamEnded):
            stream = self.streams.get(event.stream_id)
            if stream is not None and stream.ended():
                self._ready.append(stream)
        elif isinstance(event, StreamReset):
            if (stream := self.streams.get(event.stream_id)) is not None:
                self.forget(stream)
                self._budget.spend_reset(now)
        elif isinstance(event, WindowUpdated):
            self._open_windows(event.stream_id)
        elif isinstance(event, RemoteSettingsChanged):
            self.driver.keep_table_small()
            self._open_windows(0)

    def _begin_stream(self, event: RequestReceived, now: float) -> None:
        number = event.stream_id
        if number > self._last_stream_id or len(self.streams) >= MAX_STREAMS:
            if number <= self._last_stream_id:
                self._budget.spend_reset(now)
            self.driver.reset_stream(number, ErrorCodes.REFUSED_STREAM)
            return
        self.driver.leave_length_to_us(number)
        self._set_idle_timer(None)
        metrics.http2_streams.inc()
        stream = self.streams[number] = Stream(self, number, event.headers)
        stream.begin(has_body=event.stream_ended is None)

    def _receive_data(self, event: DataReceived) -> None:
        stream = self.streams.get(event.stream_id)
        if stream is not None:
            stream.received(event.data, event.flow_controlled_length)
        else:  # it was reset by us, which the client did not know yet
            self.driver.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    def _open_windows(self, stream_id: int) -> None:
        for stream in list(self.streams.values()) if not stream_id else filter(None, [self.streams.get(stream_id)]):
            self._sending.add(stream)

    def begin_request(self) -> bool:
        """Begins the oldest request that has arrived whole. Returns whether there are more."""
        self._ready.popleft().answer()
        return bool(self._ready)

    # -- turns, and back-pressure --------------------------------------------------------------------------------------

    def _pause_for_turn(self) -> None:
        self._is_turn_over = True
        self._transport.pauseProducing()
        self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._is_turn_over = False
        self._read_on()

    def pauseProducing(self) -> None:
        """The client does not read: nothing more is sent, and nothing more is read."""
        self._sending.pause()
        self._transport.pauseProducing()

    def resumeProducing(self) -> None:
        """The kernel has taken all that was written."""
        self._sending.resume()
        self._read_on()

    def stopProducing(self) -> None:
        """The transport has ended; connectionLost follows."""

    def _read_on(self) -> None:
        if self._is_over or self._is_turn_over or self._sending.is_paused:
            return
        self._read()
        if not (self._is_over or self._is_turn_over or self._sending.is_paused):
            self._transport.resumeProducing()

    def _drop(self, data: bytes) -> None:
        """Drops what a failed connection still brings, at the rate of all such connections."""
        if not self.factory.dropping.take(self._loop.time(), len(data)):
            self._transport.pauseProducing()
            self._loop.call_later(DROP_PAUSE_SECONDS, self._drop_on)

    def _drop_on(self) -> None:
        if self.connected:
            self._transport.resumeProducing()

    # -- what streams ask for ------------------------------------------------------------------------------------------

    def takes_place(self, stream: Stream) -> bool:
        """Lends the connection's own place to a stream, unless another has it."""
        self.factory.places.begin(self)
        if self._lender is None and not self.is_surplus:
            self._lender = stream
        return self._lender is stream

    def has_to_send(self, stream: Stream) -> None:
        if stream.number in self.streams:
            self._sending.add(stream)

    def sent_frame(self) -> None:
        self._budget.earn()

    def fail(self, stream: Stream) -> None:
        """The client has broken the protocol on this stream."""
        self._budget.spend_reset(self._loop.time())
        self.reset(stream, ErrorCodes.PROTOCOL_ERROR)

    def reset(self, stream: Stream, code: ErrorCodes) -> None:
        """Ends a stream before its time."""
        if self.streams.get(stream.number) is stream and not self._is_over:
            self.driver.reset_stream(stream.number, code)
            self.forget(stream)
            self._sending.send_soon()

    def forget(self, stream: Stream) -> None:
        """The stream has ended, by either side."""
        if self.streams.pop(stream.number, None) is None:
            return
        self._sending.discard(stream)
        if self._lender is stream:
            self._lender = None
        stream.lost()
        if not self.streams and not self._is_over:
            self._wait_idle()

    def _wait_idle(self) -> None:
        if self._last_stream_id != LAST_STREAM_ID or self.is_surplus:
            self._loop.call_soon(self.loseConnection)
        elif not self._is_leaving:
            self.factory.places.wait(self)
            self._set_idle_timer(self.factory.server.options.keep_alive_seconds)

    def getPeer(self) -> Any:
        return self._transport.getPeer()

    def getHost(self) -> Any:
        return self._transport.getHost()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Tells the client to make no more requests here, and refuses them a second later: those that were on their way
        are answered."""
        if not self._is_leaving and not self._is_over:
            self._write(self.driver.goaway(LAST_STREAM_ID))
            self._leave_soon()

    def _leave_soon(self) -> None:
        if not self._is_leaving:
            self._is_leaving = True
            self._loop.call_later(LEAVE_SECONDS, self._leave_at_once)

    def _leave_at_once(self) -> None:
        """Takes no more requests. The connection ends with the last of its answers."""
        if self._is_over or self._last_stream_id != LAST_STREAM_ID:
            return
        self._is_leaving = True
        self._last_stream_id = self.driver.highest_inbound_stream_id
        self._write(self.driver.goaway(self._last_stream_id))
        if not self.streams:
            self._end()

    def end_if_idle(self) -> None:
        """Ends the connection: now without a stream, otherwise with the last answer."""
        self._leave_at_once()

    def loseConnection(self) -> None:
        """Ends a connection that has no stream: its time is over, or its place is needed."""
        self._leave_at_once()
        if not self.streams:
            self._end()

    def cut_off(self) -> None:
        """Ends the connection at once, with a reset; what is unread is dropped."""
        self._transport.abortConnection()

    def _fail(self, error: ConnectionFailedError) -> None:
        self._write(self.driver.goaway(self.driver.highest_inbound_stream_id, error.code, error.text))
        self._end(error.reason)

    def _end(self, reason: str = "") -> None:
        """Closes the connection after what was written; `reason` is counted."""
        if self._is_over:
            return
        if reason:
            metrics.cut_offs.labels(reason).inc()
        self._write(b"")
        self._is_over = True
        self._sending.end()
        self._forget_all()
        self._set_read_timer(LINGER_SECONDS)
        self._transport.unregisterProducer()
        self._transport.resumeProducing()
        self._transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._is_over = True
        self._sending.end()
        self._forget_all()
        self._set_read_timer(None)
        direct_writes.drop_backlog(self._transport)

    def _forget_all(self) -> None:
        self._set_idle_timer(None)
        for stream in list(self.streams.values()):
            self.forget(stream)
        self.factory.places.discard(self)
        self.factory.unread.forget(self)

    # -- written -------------------------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        """Writes after what the driver has written; counts what the kernel does not take."""
        if self._is_over:
            return
        before = self.unread
        self._transport.write(self.driver.data_to_send() + data)
        if (written := self.unread - before) > 0:
            self.factory.unread.wrote(self, written)

    # -- deadlines -----------------------------------------------------------------------------------------------------

    def _wait_for_rest(self) -> None:
        """Gives what has begun to arrive its time; takes it back when the rest is there."""
        if not self._reader.is_waiting:
            self._set_read_timer(None)
            if not self.streams and self._idle_timer is None:
                self._set_idle_timer(self.factory.server.options.keep_alive_seconds)
        elif self._read_timer is None:
            self._set_read_timer(self.factory.server.options.header_seconds)

    def _set_read_timer(self, seconds: float | None) -> None:
        self._read_timer = self._replace(self._read_timer, seconds, self.cut_off)

    def _set_idle_timer(self, seconds: float | None) -> None:
        self._idle_timer = self._replace(self._idle_timer, seconds, self.loseConnection)

    def _replace(
        self, timer: asyncio.TimerHandle | None, seconds: float | None, then: Callable[[], object]
    ) -> asyncio.TimerHandle | None:
        if timer is not None:
            timer.cancel()
        return self._loop.call_later(seconds, then) if seconds else None
