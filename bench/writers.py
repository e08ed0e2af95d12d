"""Writers over REST: a thread and a kept-alive connection each. The load client starts them when it is ready."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from bench.systems import Running

RECORD_BYTES = 200


def request(running: Running, room: str, token: str) -> bytes:
    """Returns a request that posts a message of RECORD_BYTES, with the time at a place that the load client knows."""
    text = f'{{"ts":{time.time_ns()},"pad":"'
    body = json.dumps({"text": text + "x" * (RECORD_BYTES - len(text) - 2) + '"}'}).encode()
    head = (
        f"POST /api/v1/rooms/{room}/messages/ HTTP/1.1\r\nHost: 127.0.0.1:{running.port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> int:
        """Sends a request. Returns the status of the answer."""
        return self.answer(request)[0]

    def answer(self, request: bytes) -> tuple[int, bytes]:
        """Sends a request. Returns status and body of the answer."""
        self._socket.sendall(request)
        data = self._socket.recv(65536)
        while b"\r\n\r\n" not in data:
            more = self._socket.recv(65536)
            if not more:
                raise ConnectionError("the server hung up")
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        if head.split(b" ", 2)[1] == b"304":
            return 304, b""
        lower = head.lower()
        if b"content-length:" in lower:
            length = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += self._socket.recv(65536)
        else:
            while not body.endswith(b"0\r\n\r\n"):
                body += self._socket.recv(65536)
        return int(head.split(b" ", 2)[1]), body

    def close(self) -> None:
        self._socket.close()


@dataclass
class Written:
    """What the writers measured."""

    ok: int = 0
    failed: int = 0
    began: float = 0.0
    ended: float = 0.0
    seconds: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)  # when each of them was sent, by the monotonic clock

    @property
    def per_second(self) -> float:
        return self.ok / max(1e-9, self.ended - self.began)

    def percentile(self, share: float) -> float:
        ordered = sorted(self.seconds) or [0.0]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Publisher:
    """Starts its writers when the load client asks with `GET /go?n=…`. With `rate` 0 they write as fast as they can."""

    def __init__(self, running: Running, writers: int, rooms: int = 1, rate: float = 0, total: int = 0) -> None:
        self._running, self._writers, self._rooms, self._rate, self._total = running, writers, rooms, rate, total
        self.written = Written()
        self._lock = threading.Lock()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        path = connection.recv(4096).decode().split(" ")[1]
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        connection.close()
        self._total = self._total or int(parse_qs(urlsplit(path).query)["n"][0])
        self.write()

    def write(self) -> Written:
        """Writes all messages with all writers, and returns what they measured."""
        self._next = 0
        self.written.began = time.monotonic()
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(self._writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.written.ended = time.monotonic()
        return self.written

    def stop(self) -> None:
        """Lets no writer begin another write."""
        with self._lock:
            self._total = 0

    def _work(self, number: int) -> None:
        line, token = Line(self._running.port), self._running.tokens[number]
        while True:
            with self._lock:
                turn, self._next = self._next, self._next + 1
            if turn >= self._total:
                return
            if self._rate:
                time.sleep(max(0.0, self.written.began + turn / self._rate - time.monotonic()))
            asked = time.monotonic()
            status = line.ask(request(self._running, self._running.rooms[turn % self._rooms], token))
            with self._lock:
                self.written.seconds.append(time.monotonic() - asked)
                self.written.asked.append(asked)
                self.written.ok += status == 201
                self.written.failed += status != 201

    def join(self) -> Written:
        self._thread.join(120)
        self._listening.close()
        return self.written
