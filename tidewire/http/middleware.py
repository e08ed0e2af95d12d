"""The wrapper around a project's whole ASGI application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from asgiref.typing import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from tidewire.engine import engines
from tidewire.ground.conf import conf
from tidewire.http import site_probe
from tidewire.http.addresses import resolve_client
from tidewire.http.answer_headers import AnswerHeaders
from tidewire.http.body_limit import BodyLimit, body_sizes, is_limited, limited_paths
from tidewire.http.door_router import DoorRoute, DoorRouter
from tidewire.http.probes import Probes
from tidewire.http.request_log import RequestLog
from tidewire.http.view_limit import ViewLimit


class EngineMiddleware:
    """ASGI middleware that runs the engine beside an application.

    Requests to the engine's own addresses, and to those of LIMITED_PATHS, have the address of the client behind the
    proxies, and keep to the limits. All others reach the application as they came.

    The engine of an event loop starts with the first scope of any type, because daphne sends no `lifespan`.
    """

    def __init__(self, application: ASGI3Application, doors: Sequence[DoorRoute] = ()) -> None:
        """`doors` are the routes of the doors over HTTP, see `door_routes`."""
        views = ViewLimit(
            application, conf.MAX_VIEWS, conf.MAX_WAITING_VIEWS, conf.VIEW_WAIT_SECONDS, conf.MAX_VIEWS_PER_ACCOUNT
        )
        self._limited = RequestLog(AnswerHeaders(BodyLimit(Probes(DoorRouter(views, doors)), body_sizes())))
        self._application, self._limited_paths = application, limited_paths()

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        engines.current()
        if scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
        elif site_probe.is_signed(scope):
            await site_probe.answer(cast(HTTPScope, scope), send)
        elif is_limited(scope["path"], self._limited_paths):
            await self._limited(resolve_client(scope, conf.TRUSTED_PROXIES), receive, send)
        else:
            await self._application(scope, receive, send)


async def _run_lifespan(receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Answers start-up, and stops the engine at shutdown. Needs a server that speaks `lifespan`, as uvicorn does."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await engines.stop()
            await send({"type": "lifespan.shutdown.complete"})
            return
