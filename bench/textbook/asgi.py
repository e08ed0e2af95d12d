"""HTTP to Django, sockets to the consumer."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.textbook.settings")
http = get_asgi_application()

from bench.textbook.chat.consumers import ChatConsumer  # noqa: E402  after the apps are loaded

application = ProtocolTypeRouter({"http": http, "websocket": URLRouter([path("ws/", ChatConsumer.as_asgi())])})
