"""The addresses of the product's own sockets. The engine's are in `tidewire.asgi`."""

from __future__ import annotations

from django.urls import path

import tidewire.rest.converters  # noqa: F401  the converter "id"
from realtime.consumers import ChatConsumer

chat = ChatConsumer.as_asgi()
urlpatterns = [
    path("ws/chat/", chat),  # pyright: ignore[reportCallIssue, reportArgumentType]  Channels' routes hold these
    path("ws/chat/<id:room>/", chat),  # pyright: ignore[reportCallIssue, reportArgumentType]  as above
]
