"""Routes requests to the doors of tidewire/doors/, before Django's middleware: an open response holds no view's place.

What Django's middleware does for other requests is done here: the Host header is checked, pages of listed origins may
read the answers, and a refusal is a problem document.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope, Scope
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls.resolvers import RoutePattern

from tidewire.doors.durable_log import durable_log
from tidewire.doors.event_source import event_source
from tidewire.doors.refusals import Headers, RefusalError
from tidewire.ground import metrics
from tidewire.http.origins import DEBUG_HOSTS, cors_headers, origins_of
from tidewire.http.problems import Problem

SECURITY: Headers = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"cross-origin")]
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

Door = Callable[..., Awaitable[None]]


def door_routes(prefix: str = "") -> list[DoorRoute]:
    """Returns the routes of the doors; those of single streams lie below a prefix such as `api/v1/`."""
    return [
        DoorRoute(f"{prefix}streams/events/", event_source),
        DoorRoute(f"{prefix}streams/<str:name>/log/", durable_log),
    ]


class DoorRoute:
    """An address as Django writes it, and the door that answers there."""

    def __init__(self, route: str, door: Door) -> None:
        self._pattern, self.door = RoutePattern(route, is_endpoint=True), door

    def match(self, path: str) -> dict[str, Any] | None:
        """Returns the arguments for the door, or None for another path."""
        found = self._pattern.match(path.lstrip("/"))
        return found[2] if found else None


class DoorRouter:
    """ASGI middleware that answers what the doors' routes match, and passes everything else to `application`.

    So are preflights: the application answers those of all its addresses.
    """

    def __init__(self, application: ASGI3Application, routes: Sequence[DoorRoute]) -> None:
        self._application, self._routes = application, routes

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        found = self._find(scope) if scope["type"] == "http" and scope["method"] != "OPTIONS" else None
        if found is None:
            await self._application(scope, receive, send)
            return
        assert scope["type"] == "http"
        door, arguments = found
        send = _with_headers(scope, send)
        try:
            _require_host(scope)
            await door(scope, receive, send, **arguments)
        except RefusalError as refusal:
            await _refuse(refusal, scope, send)

    def _find(self, scope: HTTPScope) -> tuple[Door, dict[str, Any]] | None:
        for route in self._routes:
            arguments = route.match(scope["path"])
            if arguments is not None:
                return route.door, arguments
        return None


def _require_host(scope: HTTPScope) -> None:
    """Raises RefusalError for a Host that is not one of ALLOWED_HOSTS, as Django does."""
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    host, _ = split_domain_port(hosts[0].decode("latin-1")) if len(hosts) == 1 else ("", "")
    allowed = settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])
    if not host or not validate_host(host, allowed):
        raise RefusalError(400, "bad_request", "The Host header names no host of this server.")


def _with_headers(scope: HTTPScope, send: ASGISendCallable) -> ASGISendCallable:
    """Returns a `send` that adds to the start of an answer what every answer of a door says."""
    ids = [value for name, value in scope["headers"] if name == b"x-request-id" and REQUEST_ID.fullmatch(value)]
    more = [*SECURITY, *((b"x-request-id", id) for id in ids[:1])]

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


async def _refuse(refusal: RefusalError, scope: HTTPScope, send: ASGISendCallable) -> None:
    metrics.refusals.labels(refusal.code).inc()
    problem = Problem(refusal.status, refusal.code, refusal.detail, more=refusal.more)
    body = b"" if scope["method"] == "HEAD" else problem.body
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(problem.body)).encode()),
        *refusal.headers,
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": body, "more_body": False})
