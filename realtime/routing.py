"""The addresses of the product's own sockets. The engine's are in `tidewire.asgi`."""

from __future__ import annotations

from django.urls import path

import api.rest.addresses  # noqa: F401  the converter "id"
from realtime.consumers import ChatConsumer

urlpatterns = [
    path("ws/chat/", ChatConsumer.as_asgi()),
    path("ws/chat/<id:room>/", ChatConsumer.as_asgi()),
]
