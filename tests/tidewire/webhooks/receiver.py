"""A receiver of webhooks on loopback, which answers as a test says and remembers what it got."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Got:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Say:
    """An answer: a status, headers, a body; `seconds` is how long it takes, `cuts` ends the connection without it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    seconds: float = 0.0
    cuts: bool = False


class Receiver:
    """`answer` decides about each request; by default it is 200."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer: Callable[[Got], Say] = lambda got: Say()
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.take(self, Got(self.path, headers, body))

            def log_message(self, *args: Any) -> None:
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    @property
    def port(self) -> int:
        return self._server.server_port

    def take(self, handler: BaseHTTPRequestHandler, got: Got) -> None:
        say = self.answer(got)
        with self._arrived:
            self.got.append(got)
            self._arrived.notify_all()
        if say.seconds:
            time.sleep(say.seconds)
        if say.cuts:
            handler.close_connection = True
            return
        with suppress(ConnectionError):  # the sender waits no longer
            handler.send_response(say.status)
            for name, value in {"Content-Length": str(len(say.body)), **say.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(say.body)

    def wait_for(self, count: int, seconds: float = 20.0) -> list[Got]:
        """Returns what arrived once there are `count` requests."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.got) >= count, seconds), (count, len(self.got))
            return list(self.got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def in_turn(*answers: Say) -> Callable[[Got], Say]:
    """Gives these answers one after the other, the last one again and again."""
    left = list(answers)
    return lambda got: left.pop(0) if len(left) > 1 else left[0]
