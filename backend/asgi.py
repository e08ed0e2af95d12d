"""The ASGI application: REST and sockets."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
django: Any = (
    get_asgi_application()
)  # loads the apps, which the imports below need; django-stubs types it more narrowly

from channels.routing import ProtocolTypeRouter  # noqa: E402

from backend import checks  # noqa: E402
from realtime import routing  # noqa: E402
from tidewire.asgi import EngineMiddleware, ThreadedHandler, WebSocketRouter, door_routes, urlpatterns  # noqa: E402

checks.refuse_to_start_with_errors()  # servers run no checks by themselves
sockets = WebSocketRouter([*urlpatterns, *routing.urlpatterns])
application = EngineMiddleware(
    ProtocolTypeRouter({"http": ThreadedHandler(django), "websocket": sockets}), doors=door_routes("api/v1/")
)
