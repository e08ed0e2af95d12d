"""A server that takes what others send to an OpenTelemetry collector and to Sentry, and keeps it."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

from tests.rig import servers


@dataclass(frozen=True)
class Span:
    """A span as it arrived. Ids are hexadecimal digits; `parent` is "" for the first of a trace."""

    trace: str
    id: str
    parent: str
    name: str
    attributes: dict[str, Any]
    seconds: float


class Collector:
    """Listens on loopback from its construction until `stop`. `spans` and `errors` grow as they arrive."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.errors: list[dict[str, Any]] = []
        self.raw_errors = b""
        self.port = servers.free_port()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                body = _decoded(body, self.headers.get("Content-Encoding", ""))
                if self.path == "/v1/traces":
                    collector.spans += _spans(body)
                elif self.path.endswith("/envelope/"):
                    collector.raw_errors += body
                    collector.errors += _errors(body)
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *arguments: object) -> None:
                """Writes nothing: the test's output is for its failures."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a server that sends here."""
        return {
            "TRACING": "on",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "SENTRY_DSN": f"http://public@127.0.0.1:{self.port}/1",
        }

    def of(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _decoded(body: bytes, coding: str) -> bytes:
    return {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(coding, bytes)(body)


def _spans(body: bytes) -> list[Span]:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest.FromString(body)
    return [
        Span(
            trace=span.trace_id.hex(),
            id=span.span_id.hex(),
            parent=span.parent_span_id.hex(),
            name=span.name,
            attributes={each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes},
            seconds=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _errors(envelope: bytes) -> list[dict[str, Any]]:
    """Returns the events of an envelope: lines of JSON, a header before each item."""
    lines = envelope.split(b"\n")
    return [
        json.loads(item)
        for header, item in pairwise(lines)
        if header.startswith(b"{") and json.loads(header).get("type") == "event"
    ]
