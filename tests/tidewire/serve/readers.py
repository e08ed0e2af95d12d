"""Many readers in one thread. They speak just enough of the protocol to stay, to reconnect, and to count events."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import selectors
import socket
import threading
import time

PONG = b"\x81\x82\0\0\0\0{}"  # masked with zeros
PING = re.compile(rb"^\{\}$", re.M)
OFFSET = re.compile(rb'"offset":(\d+)')
RETRY_SECONDS = 0.5
MAX_PING_DELAY_SECONDS = 10.0
"""As in the SDKs: a client that received nothing for the server's ping interval and this long takes the connection as
lost. A kernel that gives up on a receive window that stayed shut for minutes sends nothing to the other side."""


class Reader:
    """One client over all its connections. `offsets` are those of the events that it received, in order."""

    def __init__(self, port: int, token: str, channel: str) -> None:
        self._port, self._token, self._channel = port, token, channel
        self.offsets: list[int] = []
        self.is_closed = False
        self.close_code = 0
        self.resumed = 0
        self._epoch, self._start = "", 0
        self._received_at, self._ping_seconds = time.monotonic(), 25.0
        self._subscribe({})
        while not self._epoch:
            self.read()
            assert not self.is_closed, f"closed with {self.close_code}"

    def resume(self) -> None:
        """Reconnects and recovers from the last offset, as an SDK does."""
        self.socket.close()
        offset = self.offsets[-1] if self.offsets else self._start
        self._subscribe({"recover": True, "epoch": self._epoch, "offset": offset})
        self.resumed += 1
        self.is_closed = False

    def stall(self) -> None:
        """Shrinks the kernel's receive buffer, so that unread bytes pile up in the server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def wake(self) -> None:
        """Opens the receive window again. Without it the sender would notice only by its probes, minutes apart."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._received_at = time.monotonic()

    @property
    def is_lost(self) -> bool:
        return time.monotonic() - self._received_at > self._ping_seconds + MAX_PING_DELAY_SECONDS

    def read(self) -> None:
        """Reads what has arrived."""
        try:
            data = self.socket.recv(1 << 20)
            self._received_at = time.monotonic()
            self.is_closed = not data
            self._parse_frames(data)
        except OSError:  # also from sending a pong: the server cut the connection
            self.is_closed = True

    def _parse_frames(self, data: bytes) -> None:
        self._buffer += data
        start = 0
        while (found := self._frame(start)) is not None:
            opcode, begin, start = found
            self._handle(opcode, bytes(self._buffer[begin:start]))
        del self._buffer[:start]

    def _handle(self, opcode: int, payload: bytes) -> None:
        if opcode == 0x88:
            self.close_code = int.from_bytes(payload[:2], "big")
        elif opcode == 0x89:  # WebSocket's own ping
            self.socket.sendall(bytes((0x8A, 0x80 | len(payload))) + b"\0\0\0\0" + payload)
        elif payload.startswith(b'{"id":'):
            self._handle_replies(payload)
        else:
            self._handle_pushes(payload)

    def _handle_replies(self, payload: bytes) -> None:
        """Missed events are in the reply; pushes may follow it in the same frame."""
        for line in payload.split(b"\n"):
            if line.startswith(b'{"id":'):
                answer = json.loads(line)
                reply = answer.get("subscribe", {})
                self._ping_seconds = answer.get("connect", {}).get("ping", self._ping_seconds)
                self.offsets += [each["offset"] for each in reply.get("publications", [])]
                if "epoch" in reply and not self._epoch:
                    self._epoch, self._start = reply["epoch"], reply.get("offset", 0)
            else:
                self._handle_pushes(line)

    def _handle_pushes(self, payload: bytes) -> None:
        self.offsets += map(int, OFFSET.findall(payload))
        if pings := len(PING.findall(payload)):
            self.socket.sendall(pings * PONG)

    def _frame(self, start: int) -> tuple[int, int, int] | None:
        """Returns (first byte, start of the payload, end) of the frame at `start`; None when it is not whole yet."""
        buffer, have = self._buffer, len(self._buffer) - start
        if have < 2:
            return None
        length, head = buffer[start + 1], 2
        if length == 126:
            length, head = int.from_bytes(buffer[start + 2 : start + 4], "big"), 4
        elif length == 127:
            length, head = int.from_bytes(buffer[start + 2 : start + 10], "big"), 10
        if have < head + length:
            return None
        return buffer[start], start + head, start + head + length

    def _subscribe(self, position: dict[str, object]) -> None:
        self._buffer = bytearray()
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self._received_at = time.monotonic()
        self._upgrade()
        self._send({"id": 1, "connect": {"token": self._token}})
        self._send({"id": 2, "subscribe": {"channel": self._channel, **position}})

    def _upgrade(self) -> None:
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(
            b"GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
        )
        self._until(b"\r\n\r\n")
        if b" 101 " not in self._buffer[:20]:
            raise ConnectionError("the handshake was refused")
        self._buffer.clear()

    def _send(self, command: dict) -> None:
        text = json.dumps(command).encode()
        length = bytes((0x80 | len(text),)) if len(text) < 126 else bytes((0x80 | 126,)) + len(text).to_bytes(2, "big")
        self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + text)

    def _until(self, mark: bytes) -> None:
        while mark not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("closed")
            self._buffer += data


class Crowd:
    """Readers that read, in a thread. A reader that is closed reconnects."""

    def __init__(self, readers: list[Reader]) -> None:
        self.readers = readers
        self._selector = selectors.DefaultSelector()
        for reader in readers:
            self._selector.register(reader.socket, selectors.EVENT_READ, reader)
        self._away: dict[Reader, float] = {}
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def have(self, count: int) -> bool:
        return all(len(reader.offsets) >= count for reader in self.readers)

    def stop(self) -> None:
        self._is_over = True
        self._thread.join()
        for reader in self.readers:
            reader.socket.close()

    def _run(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(0.1):
                key.data.read()
                if key.data.is_closed:
                    self._drop(key.data)
            for reader in [reader for reader in self.readers if reader.is_lost and reader not in self._away]:
                self._drop(reader)
            for reader in [reader for reader, due in self._away.items() if time.monotonic() >= due]:
                self._reconnect(reader)

    def _drop(self, reader: Reader) -> None:
        self._selector.unregister(reader.socket)
        self._away[reader] = time.monotonic() + RETRY_SECONDS

    def _reconnect(self, reader: Reader) -> None:
        self._away[reader] = time.monotonic() + RETRY_SECONDS
        with contextlib.suppress(OSError):
            reader.resume()
            self._selector.register(reader.socket, selectors.EVENT_READ, reader)
            del self._away[reader]
