"""One log line, and the figures, of each HTTP request.

The line goes to the logger `tidewire.requests` at level INFO; a project turns it off by that logger's level. It names
the route, and neither the path nor the query: clients put tokens there. Probes have figures and no line.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter

from asgiref.typing import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
    Scope,
)

from tidewire.ground import metrics, tracing
from tidewire.ground.current_request import CurrentRequest, begin_request, end_request
from tidewire.http.view_limit import PROBE_PATHS

logger = logging.getLogger("tidewire.requests")

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
"""A client may send any word as its method; in labels the others are one."""

LEFT = 499
"""In place of a status, where the client left before it had one. nginx uses the same number."""


class RequestLog:
    """ASGI middleware that makes the current request, and says at its end what it was and how long it took."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request = CurrentRequest.of(scope["headers"])
        exchange = _Exchange(request, receive, send)
        token, began = begin_request(request), perf_counter()
        try:
            await self._answer(scope, request, exchange)
        except Exception:
            exchange.status = exchange.status or 500  # so answers the server
            raise
        finally:
            seconds = perf_counter() - began
            _count(_method(scope), request.route, exchange, seconds)
            _log(scope, request, exchange, seconds)
            end_request(token)

    async def _answer(self, scope: HTTPScope, request: CurrentRequest, exchange: _Exchange) -> None:
        if not tracing.is_on() or scope["path"] in PROBE_PATHS:
            await self._application(scope, exchange.receive, exchange.send)
            return
        with tracing.request_span(request, _method(scope)) as span:
            try:
                await self._application(scope, exchange.receive, exchange.send)
            finally:
                tracing.name_request(span, _method(scope), request.route, exchange.status or LEFT)


class _Exchange:
    """What one request receives and sends. Adds the request's id to the headers of the answer."""

    __slots__ = ("_id", "_receive", "_send", "received", "sent", "status")

    def __init__(self, request: CurrentRequest, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        self._id, self._receive, self._send = request.id.encode(), receive, send
        self.status = self.received = self.sent = 0

    async def receive(self) -> ASGIReceiveEvent:
        message = await self._receive()
        if message["type"] == "http.request":
            self.received += len(message.get("body", b""))
        return message

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = list(message["headers"])
            if not any(name.lower() == b"x-request-id" for name, _ in headers):
                message = {**message, "headers": [*headers, (b"x-request-id", self._id)]}
        elif message["type"] == "http.response.body" and not message.get("more_body"):
            self.sent += len(message.get("body", b""))  # the parts of an open response are counted with sockets
        await self._send(message)


def _method(scope: HTTPScope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"


_counters: dict[tuple[str, str, str], tuple[Callable[[], None], Callable[[float], None]]] = {}


def _count(method: str, route: str, exchange: _Exchange, seconds: float) -> None:
    """Counts one request. The children of its labels are looked up once."""
    key = (method, route or "none", f"{(exchange.status or LEFT) // 100}xx")
    counters = _counters.get(key)
    if counters is None:
        requests, times = metrics.http_requests.labels(*key), metrics.http_seconds.labels(*key[:2])
        counters = _counters[key] = (requests.inc, times.observe)
    counters[0]()
    counters[1](seconds)
    if exchange.status >= 500:
        metrics.server_errors.inc()
    _received(exchange.received)
    _sent(exchange.sent)


_received, _sent = metrics.bytes_received.labels("http").inc, metrics.bytes_sent.labels("http").inc


def _log(scope: HTTPScope, request: CurrentRequest, exchange: _Exchange, seconds: float) -> None:
    if scope["path"] in PROBE_PATHS or not logger.isEnabledFor(logging.INFO):
        return
    method = _method(scope)
    status, ms = exchange.status or LEFT, round(seconds * 1000, 1)
    logger.info(
        "%s %s %d",
        *(method, request.route or "no route", status),
        extra={
            "method": method,
            "protocol": scope["http_version"],
            "route": request.route,
            "status": status,
            "ms": ms,
            "user": request.user,
            "address": (scope.get("client") or ("",))[0],
            "code": request.code,
        },
    )
