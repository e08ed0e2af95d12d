"""The engine's ASGI side: its socket routes, and the wrapper that every scope of the process passes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from channels.routing import URLRouter
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import path

from tidewire.connection.consumer import EventConsumer
from tidewire.engine import engine
from tidewire.ground.conf import conf
from tidewire.http import addresses
from tidewire.http.bodies import BodyLimit
from tidewire.http.view_limit import ViewLimit

logger = logging.getLogger(__name__)

Application = Callable[[dict[str, Any], Any, Any], Awaitable[None]]

urlpatterns = [path("connection/websocket", EventConsumer.as_asgi())]


class Sockets:
    """Socket routes with a catch-all. An Origin, if there is one, must be ours; native clients send none.

    Only browsers send an Origin, and no cookie is ever read here, so a missing one costs nothing.
    """

    def __init__(self, routes: list[Any]) -> None:
        self._paths = [route.pattern for route in routes]
        self._router = URLRouter(routes)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if self._is_known(scope["path"]) and is_allowed_origin(scope):
            await self._router(scope, receive, send)
        else:
            await _refuse(receive, send)

    def _is_known(self, path: str) -> bool:
        return any(pattern.match(path.lstrip("/")) for pattern in self._paths)


async def _refuse(receive: Any, send: Any) -> None:
    """Answers 403 to the handshake."""
    await receive()
    await send({"type": "websocket.close"})


def is_allowed_origin(scope: dict[str, Any]) -> bool:
    origins = [value for name, value in scope.get("headers", []) if name == b"origin"]
    if not origins:
        return True
    try:
        origin = origins[0].decode("ascii")
        parts = urlsplit(origin)
        host, _ = split_domain_port(parts.netloc)  # as Django reads a Host: brackets stay, a user name is no host
        parts.port  # noqa: B018  raises ValueError when it is not a port
    except ValueError:
        return False
    if len(origins) > 1 or parts.scheme not in ("http", "https"):
        return False
    return origin in conf.ALLOWED_ORIGINS or validate_host(host, _allowed_hosts())


def _allowed_hosts() -> list[str]:
    return settings.ALLOWED_HOSTS or ([".localhost", "127.0.0.1", "[::1]", "::1"] if settings.DEBUG else [])


class Realtime:
    """Wraps the whole application: starts the engine with the first scope, and answers `lifespan` where a server
    asks. What bounds requests on any server is put on here."""

    def __init__(self, application: Application) -> None:
        views = ViewLimit(application, conf.MAX_VIEWS, conf.MAX_WAITING_VIEWS, conf.VIEW_WAIT_SECONDS)
        self._application = BodyLimit(views, conf.MAX_BODY_BYTES)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        engine.current()
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        else:
            await self._application(addresses.resolved(scope, conf.TRUSTED_PROXIES), receive, send)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await engine.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
