"""Many readers in one thread: they speak just enough of the protocol to stay, and count what they get."""

from __future__ import annotations

import base64
import json
import os
import selectors
import socket
import threading

PONG = b"\x81\x82\0\0\0\0{}"  # masked with zeros


class Reader:
    """One socket. A stalled one reads nothing any more."""

    def __init__(self, port: int, token: str, channel: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.offsets: list[int] = []
        self.is_closed = False
        self.close_code = 0
        self._buffer = b""
        self._upgrade()
        self._send({"id": 1, "connect": {"token": token}})
        self._send({"id": 2, "subscribe": {"channel": channel}})
        self._until(b'"epoch"')

    def stall(self) -> None:
        """With small buffers in the kernel, so that what is not read shows in the server."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def read(self) -> None:
        """What is there now."""
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionError:
            data = b""
        self.is_closed = not data
        self._buffer += data
        while (frame := self._frame()) is not None:
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        for line in frame.split(b"\n"):
            if line == b"{}":
                self.socket.sendall(PONG)
            elif b'"offset":' in line:
                self.offsets.append(int(line.split(b'"offset":', 1)[1].split(b",", 1)[0]))

    def _frame(self) -> bytes | None:
        """The payload of the next whole text frame; control frames are no payload."""
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        length, at = buffer[1], 2
        if length == 126:
            length, at = int.from_bytes(buffer[2:4], "big"), 4
        elif length == 127:
            length, at = int.from_bytes(buffer[2:10], "big"), 10
        if len(buffer) < at + length:
            return None
        self._buffer = buffer[at + length :]
        payload = buffer[at : at + length]
        if buffer[0] == 0x89:  # WebSocket's own ping
            self.socket.sendall(bytes((0x8A, 0x80 | length)) + b"\0\0\0\0" + payload)
        elif buffer[0] == 0x88:
            self.close_code = int.from_bytes(payload[:2], "big")
        return payload if buffer[0] == 0x81 else b""

    def _upgrade(self) -> None:
        key = base64.b64encode(os.urandom(16))
        self.socket.sendall(
            b"GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + b"\r\n\r\n"
        )
        self._until(b"\r\n\r\n")
        self._buffer = b""

    def _send(self, command: dict) -> None:
        text = json.dumps(command).encode()
        length = bytes((0x80 | len(text),)) if len(text) < 126 else bytes((0x80 | 126,)) + len(text).to_bytes(2, "big")
        self.socket.sendall(b"\x81" + length + b"\0\0\0\0" + text)

    def _until(self, mark: bytes) -> None:
        while mark not in self._buffer:
            self._buffer += self.socket.recv(65536)
        self._buffer = b""


class Crowd:
    """Readers that read, in a thread."""

    def __init__(self, readers: list[Reader]) -> None:
        self.readers = readers
        self._selector = selectors.DefaultSelector()
        for reader in readers:
            self._selector.register(reader.socket, selectors.EVENT_READ, reader)
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def have(self, count: int) -> bool:
        return all(len(reader.offsets) >= count or reader.is_closed for reader in self.readers)

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
                    self._selector.unregister(key.fileobj)
