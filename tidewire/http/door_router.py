"""Routes requests to the doors of tidewire/doors/, before Django's middleware: an open response holds no view's place.

What Django's middleware does for other requests is done here: the Host header is checked, pages of listed origins may
read the answers, and a refusal is a problem document.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope, Scope
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls.resolvers import RoutePattern

from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.doors.durable_log import durable_log
from tidewire.doors.emulation import emulate
from tidewire.doors.event_source import event_source
from tidewire.doors.fallback import Fallbacks
from tidewire.doors.refusals import Answer, Headers, RefusalError, allow, not_allowed
from tidewire.ground.current_request import current_request, request_id_in
from tidewire.http.origins import DEBUG_HOSTS, cors_headers, is_allowed_origin, origins_of
from tidewire.http.problems import Problem, count_refusal
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.protobuf_codec import PROTOBUF

SECURITY: Headers = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"cross-origin")]
PREFLIGHT: Headers = [
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"accept, authorization, content-type"),
    (b"access-control-max-age", b"86400"),
]
FALLBACKS = Fallbacks(ProtocolConnection, JSON, PROTOBUF)

Door = Callable[..., Awaitable[None]]


def door_routes(prefix: str = "", fallbacks: Fallbacks = FALLBACKS) -> list[DoorRoute]:
    """Returns the routes of the doors; those of single streams lie below a prefix such as `api/v1/`."""
    return [
        DoorRoute("connection/http_stream", fallbacks.http_stream, ("POST",), is_for_sdks=True),
        DoorRoute("connection/sse", fallbacks.sse, ("GET", "POST"), is_for_sdks=True),
        DoorRoute("emulation", emulate, ("POST",), is_for_sdks=True),
        DoorRoute(f"{prefix}streams/events/", event_source, ("GET",)),
        DoorRoute(f"{prefix}streams/<str:name>/log/", durable_log, ("GET", "HEAD")),
    ]


class DoorRoute:
    """An address as Django writes it, and the door that answers requests of these methods there.

    `is_for_sdks`: pages that may open a WebSocket may use it, and preflights of their browsers are answered here.
    """

    def __init__(self, route: str, door: Door, methods: Sequence[str], *, is_for_sdks: bool = False) -> None:
        self.address, self.door, self.methods, self.is_for_sdks = route, door, methods, is_for_sdks
        self._pattern = RoutePattern(route, is_endpoint=True)

    def match(self, path: str) -> dict[str, Any] | None:
        """Returns the arguments for the door, or None for another path."""
        found = self._pattern.match(path.lstrip("/"))
        return found[2] if found else None


class DoorRouter:
    """ASGI middleware that answers what the doors' routes match, and passes everything else to `application`.

    So are preflights to the API: the application answers those of all its addresses.
    """

    def __init__(self, application: ASGI3Application, routes: Sequence[DoorRoute]) -> None:
        self._application, self._routes = application, routes

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._application(scope, receive, send)
            return
        assert scope["type"] == "http"
        route, arguments = found
        if (current := current_request()) is not None:
            current.route = route.address
        request_id = request_id_in(scope)
        send = _with_headers(scope, request_id, send)
        try:
            _require_host(scope)
            if route.is_for_sdks and not is_allowed_origin(scope):
                raise RefusalError(403, "permission_denied", "Pages of this origin may not connect.")
            if scope["method"] == "OPTIONS":
                await Answer(204, b"", [*PREFLIGHT, allow(route.methods)]).send(send)
            elif scope["method"] not in route.methods:
                raise not_allowed(route.methods)
            else:
                await route.door(scope, receive, send, **arguments)
        except RefusalError as refusal:
            await _refuse(refusal, scope, request_id, send)

    def _find(self, scope: HTTPScope) -> tuple[DoorRoute, dict[str, Any]] | None:
        for route in self._routes:
            arguments = route.match(scope["path"])
            if arguments is not None and (route.is_for_sdks or not _is_preflight(scope)):
                return route, arguments
        return None


def _is_preflight(scope: HTTPScope) -> bool:
    """Returns whether a browser asks what a page may send; any other OPTIONS asks what the address answers."""
    asks = any(name == b"access-control-request-method" for name, _ in scope["headers"])
    return asks and scope["method"] == "OPTIONS"


def _require_host(scope: HTTPScope) -> None:
    """Raises RefusalError for a Host that is not one of ALLOWED_HOSTS, as Django does."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    host, _ = split_domain_port(hosts[0].decode("latin-1")) if len(hosts) == 1 else ("", "")
    allowed = settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])
    if not host or not validate_host(host, allowed):
        raise RefusalError(400, "bad_request", "The Host header names no host of this server.")


def _with_headers(scope: HTTPScope, request_id: str, send: ASGISendCallable) -> ASGISendCallable:
    """Returns a `send` that adds to the start of an answer what every answer of a door says."""
    more = [*SECURITY, (b"x-request-id", request_id.encode())]

    async def send_with_headers(message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            headers = _merged([*message["headers"], *more, *cors_headers(origins_of(scope))])
            message = {**message, "headers": headers}
        await send(message)

    return send_with_headers


def _merged(headers: Headers) -> Headers:
    """Joins the Vary headers to one."""
    vary = [value for name, value in headers if name == b"vary"]
    return [*(header for header in headers if header[0] != b"vary"), (b"vary", b", ".join(vary))]


async def _refuse(refusal: RefusalError, scope: HTTPScope, request_id: str, send: ASGISendCallable) -> None:
    count_refusal(refusal.code)
    body = Problem(refusal.status, refusal.code, refusal.detail, more=refusal.more).body(request_id)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
        *refusal.headers,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers, "trailers": False})
    sent = b"" if scope["method"] == "HEAD" else body
    await send({"type": "http.response.body", "body": sent, "more_body": False})
