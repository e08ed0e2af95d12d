"""The engine's WebSocket route, and the router that a project puts it into."""

from __future__ import annotations

from typing import Any, cast

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from channels.routing import URLRouter
from django.urls import URLPattern, path

from tidewire.connection.consumer import EventConsumer
from tidewire.http.origins import is_allowed_origin

urlpatterns = [
    path(
        "connection/websocket",
        EventConsumer.as_asgi(),  # pyright: ignore[reportCallIssue, reportArgumentType]  Channels' routes hold these
    )
]


class WebSocketRouter:
    """ASGI application for `websocket` scopes: routes by path.

    An unknown path, or an Origin that is not allowed, is answered 403; Channels' own router raises for the first.
    """

    def __init__(self, routes: list[URLPattern]) -> None:
        self._patterns = [route.pattern for route in routes]
        self._router = URLRouter(cast("list[Any]", routes))

    async def __call__(self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        relative_path = scope["path"].lstrip("/")
        if any(pattern.match(relative_path) for pattern in self._patterns) and is_allowed_origin(scope):
            await self._router(scope, receive, send)
        else:
            await receive()  # `websocket.connect`; closing instead of accepting is the 403
            await send({"type": "websocket.close", "code": 1000, "reason": None})
