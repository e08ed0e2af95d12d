"""Public: what a project's `asgi.py` puts together."""

from tidewire.http.application import Realtime, Sockets, urlpatterns
from tidewire.http.requests import Requests

__all__ = ["Realtime", "Requests", "Sockets", "urlpatterns"]
