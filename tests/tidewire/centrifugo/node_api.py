"""The HTTP API of a node, for tests without one: keeps the calls, and gives the answers that a test has set."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "the key of the API"

Command = dict[str, Any]


class NodeApi:
    """Listens on a port of its own. `on_call` is called before a call is answered, in a thread of the server."""

    def __init__(self) -> None:
        self.forget()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def forget(self) -> None:
        """Is as new: it was not called, and answers."""
        self.commands: list[Command] = []
        self.status = 200
        self.error: dict[str, Any] | None = None
        self.rubbish: Any = None
        self.on_call: Callable[[list[Command]], None] = lambda commands: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/api"

    def called(self, name: str) -> list[Command]:
        """Returns what the calls with this name said, in their order."""
        return [command[name] for command in self.commands if name in command]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, key: str | None, body: bytes) -> tuple[int, Any]:
        """Returns the status and the answer of a batch."""
        if key != KEY:
            return 401, {}
        commands = json.loads(body)["commands"]
        self.on_call(commands)
        self.commands += commands
        if self.rubbish is not None:
            return self.status, self.rubbish
        reply = {"error": self.error} if self.error else {}
        return self.status, {"replies": [reply or {name: {} for name in command} for command in commands]}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/api/batch", self.path
                status, answer = api.answer(self.headers["X-API-Key"], body)
                content = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Writes nothing."""

        return Handler
