"""A client that subscribes and then reads nothing: its window fills, and the server must not hold more and more."""

from __future__ import annotations

import base64
import json
import os
import socket
import struct
from collections.abc import Iterable

PATH = "/connection/websocket"
SMALL_BUFFER = 4096


class StalledReader:
    """A socket that is open while the block runs."""

    def __init__(self, port: int, token: str, streams: Iterable[str]) -> None:
        self._port, self._token, self._streams = port, token, list(streams)

    def __enter__(self) -> StalledReader:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self._socket.settimeout(3)
        try:
            self._socket.connect(("127.0.0.1", self._port))
            self._socket.sendall(handshake(self._port))
            self._socket.recv(1024)
            subscribes = [{"id": n, "subscribe": {"channel": name}} for n, name in enumerate(self._streams, 2)]
            commands = [{"id": 1, "connect": {"token": self._token}}, *subscribes]
            self._socket.sendall(text_frame("\n".join(map(json.dumps, commands))))
        except OSError:
            pass  # the worker may be down
        return self

    def __exit__(self, *exc: object) -> None:
        self._socket.close()


def handshake(port: int, path: str = PATH) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def text_frame(text: str) -> bytes:
    """Returns a text frame of a client: masked, as the protocol demands, with zeros, which change nothing."""
    data = text.encode()
    if len(data) < 126:
        return struct.pack("!BB", 0x81, 0x80 | len(data)) + bytes(4) + data
    if len(data) < 65536:
        return struct.pack("!BBH", 0x81, 0x80 | 126, len(data)) + bytes(4) + data
    return struct.pack("!BBQ", 0x81, 0x80 | 127, len(data)) + bytes(4) + data
