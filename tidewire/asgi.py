"""Public: the parts of a project's `asgi.py`. tidewire/http/ shows in which order a scope passes them."""

from tidewire.http.door_router import door_routes
from tidewire.http.middleware import EngineMiddleware
from tidewire.http.threaded_handler import ThreadedHandler
from tidewire.http.websocket_router import WebSocketRouter, urlpatterns

__all__ = ["EngineMiddleware", "ThreadedHandler", "WebSocketRouter", "door_routes", "urlpatterns"]
