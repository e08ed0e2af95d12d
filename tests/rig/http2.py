"""A client that speaks HTTP/2 frame by frame, so that it can do what no proper client does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes
from hyperframe.frame import Frame

WAIT_SECONDS = 15.0
GOAWAY = 7  # the type of the frame
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def tls_connection(
    port: int,
    host: str = "127.0.0.1",
    protocols: Sequence[str] = ("h2",),
    receive_buffer: int = 0,
    source: str = "",
) -> ssl.SSLSocket:
    """Returns a connection over TLS that offers these protocols (ALPN), from the address `source` of this machine. The
    certificate is not looked at."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(list(protocols))
    plain = socket.socket()
    if receive_buffer:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.settimeout(WAIT_SECONDS)
    if source:
        plain.bind((source, 0))
    plain.connect((host, port))
    return context.wrap_socket(plain, server_hostname="localhost")


@dataclass
class Answer:
    """What has arrived of one stream's answer. `reset` is the code of its RST_STREAM."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    informational: list[int] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    is_ended: bool = False
    reset: int | None = None

    @property
    def status(self) -> int:
        return int(dict(self.headers).get(":status", 0))

    @property
    def is_over(self) -> bool:
        return self.is_ended or self.reset is not None

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")


class HTTP2Client:
    """One connection. `answers` are those of its streams, by number; `goaway` the code with which the server ends it.

    What the server announces as its limit of streams is not kept. With `is_reading` False it opens no window for what
    it receives: the server may send 64 KiB, and then no more.
    """

    def __init__(
        self,
        port: int,
        is_reading: bool = True,
        receive_buffer: int = 0,
        window: int = 0,
        address: str = "",
        source: str = "",
    ) -> None:
        """`address` is what a proxy would write into X-Forwarded-For, `source` the address that it connects from."""
        self.socket = tls_connection(port, receive_buffer=receive_buffer, source=source)
        assert self.socket.selected_alpn_protocol() == "h2"
        configuration = h2.config.H2Configuration(
            header_encoding="utf-8", validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = h2.connection.H2Connection(configuration)
        self.h2.initiate_connection()
        if window:
            self.h2.increment_flow_control_window(window)
        self.answers: dict[int, Answer] = {}
        self.goaway: int | None = None
        self.is_closed = False
        self._frames = bytearray()
        self._is_reading, self._address = is_reading, address
        self.flush()

    def __enter__(self) -> HTTP2Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self.socket.close()

    # -- sent ----------------------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        token: str = "",
        ends: bool = True,
        flush: bool = True,
        authority: str = "localhost",
        **headers: str,
    ) -> int:
        """Sends a request; returns its stream. With `ends` False more of its body is to follow."""
        stream = self.h2.get_next_available_stream_id()
        self.answers[stream] = Answer()
        fields = [(":method", method), (":path", path), (":scheme", "https"), (":authority", authority)]
        fields += [("authorization", f"Bearer {token}")] if token else []
        fields += [("x-forwarded-for", self._address)] if self._address else []
        fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.h2.send_headers(stream, fields, end_stream=ends and body is None)
        if body is not None:
            self.send_body(stream, body, ends)
        if flush:
            self.flush()
        return stream

    def send_body(self, stream: int, body: bytes, ends: bool = True) -> None:
        """Sends a body as far as the server's windows allow, and waits for them."""
        for at in range(0, len(body) or 1, 16384):
            piece = body[at : at + 16384]
            while self.h2.local_flow_control_window(stream) < len(piece) and not self.answers[stream].is_over:
                self.flush()
                if not self.read():
                    return
            if self.answers[stream].is_over:
                return
            self.h2.send_data(stream, piece, end_stream=ends and at + 16384 >= len(body))
        self.flush()

    def reset(self, stream: int, flush: bool = True) -> None:
        self.h2.reset_stream(stream, 8)
        if flush:
            self.flush()

    def send_frames(self, *frames: Frame) -> None:
        """Sends frames that the client's own state machine would refuse."""
        self.send(b"".join(frame.serialize() for frame in frames))

    def send(self, data: bytes) -> None:
        """Sends bytes; a server that has ended the connection gets none."""
        try:
            self.socket.sendall(data)
        except OSError:
            self.is_closed = True

    def flush(self) -> None:
        self.send(self.h2.data_to_send())

    # -- received ------------------------------------------------------------------------------------------------------

    def get(self, path: str, token: str = "", authority: str = "localhost", **headers: str) -> Answer:
        """Sends a request and returns its whole answer."""
        return self.wait(self.request("GET", path, token=token, authority=authority, **headers))

    def wait(self, *streams: int, seconds: float = WAIT_SECONDS) -> Answer:
        """Waits until these streams are answered or reset; returns the answer of the first."""
        self.until(lambda: all(self.answers[stream].is_over for stream in streams), seconds)
        return self.answers[streams[0]]

    def wait_for_end(self, seconds: float = WAIT_SECONDS) -> int | None:
        """Waits until the server has closed the connection. Returns the code of its GOAWAY, or None where there was
        none."""
        self.until(lambda: False, seconds)
        assert self.is_closed, "the server has not closed the connection"
        return self.goaway

    def until(self, is_done: Callable[[], bool], seconds: float = WAIT_SECONDS) -> bool:
        """Reads until this holds, the connection ends, or the time is over. Returns whether it holds."""
        deadline = time.monotonic() + seconds
        while not is_done() and not self.is_closed and (left := deadline - time.monotonic()) > 0:
            self.read(left)
        return is_done()

    def read(self, seconds: float = WAIT_SECONDS) -> bool:
        """Reads what arrives within so long. Returns False at the end of the connection."""
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return True
        except OSError:
            data = b""
        finally:
            self.socket.settimeout(WAIT_SECONDS)
        if not data:
            self.is_closed = True
            return False
        self._take(data)
        return True

    def _take(self, data: bytes) -> None:
        with contextlib.suppress(h2.exceptions.ProtocolError):  # the answer to a frame that it does not know of
            for event in self.h2.receive_data(self._without_goaway(data)):
                self._handle(event)
        with contextlib.suppress(h2.exceptions.ProtocolError):
            self.flush()

    def _without_goaway(self, data: bytes) -> bytes:
        """Returns the whole frames that have arrived, but for a GOAWAY: the state machine would take no answer after
        it, and none of both after an error."""
        self._frames += data
        whole = b""
        while len(self._frames) >= 9 and len(self._frames) >= (size := 9 + int.from_bytes(self._frames[:3], "big")):
            if self._frames[3] == GOAWAY:
                self.goaway = int.from_bytes(self._frames[13:17], "big")
            else:
                whole += self._frames[:size]
            del self._frames[:size]
        return whole

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RemoteSettingsChanged):
            self.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 2**31 - 1
            self.h2.remote_settings.acknowledge()
        answer = self.answers.get(getattr(event, "stream_id", 0) or 0)
        if answer is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            answer.headers = list(event.headers)
        elif isinstance(event, h2.events.InformationalResponseReceived):
            answer.informational.append(int(dict(event.headers)[":status"]))
        elif isinstance(event, h2.events.DataReceived):
            answer.body += event.data
            if self._is_reading:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answer.is_ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.reset = int(event.error_code)
