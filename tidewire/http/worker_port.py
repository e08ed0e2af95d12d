"""The port of a worker that serves no requests: /healthz and /metrics, and nothing else. Workers are those of webhooks,
the bridge to a broker of MQTT, the relay to Centrifugo.

A thread answers. The worker has an event loop, of which the thread asks only when it last turned.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tidewire.ground import metrics
from tidewire.http.health import may_read_metrics

SECONDS = 5.0
"""How long a client may take to send its request."""


def start(host: str, port: int, is_alive: Callable[[], bool]) -> ThreadingHTTPServer:
    """Answers on this port until the process ends. Returns the server. Raises OSError where the port is taken.

    `is_alive` decides between 200 and 503 at /healthz, and is called from other threads.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS
        server_version, sys_version = "", ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/healthz":
                alive = is_alive()
                self._answer(200 if alive else 503, b"ok\n" if alive else b"stuck\n", "text/plain")
            elif path == "/metrics" and self._may_read():
                self._answer(200, metrics.exposition(), metrics.CONTENT_TYPE)
            else:
                self._answer(404, b"", "text/plain")

        do_HEAD = do_GET

        def _may_read(self) -> bool:
            is_forwarded = "X-Forwarded-For" in self.headers or "Forwarded" in self.headers
            address = "" if is_forwarded else self.client_address[0]
            return may_read_metrics(self.headers.get("Authorization", ""), address)

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Logs nothing: probes come every few seconds."""

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="tidewire-worker-port", daemon=True).start()
    return server
