"""What a server runs: REST and sockets in one application."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
django = get_asgi_application()  # loads the apps, which what follows needs

from channels.routing import ProtocolTypeRouter  # noqa: E402

from backend import checks  # noqa: E402
from realtime import routing  # noqa: E402
from tidewire.asgi import EngineMiddleware, ThreadedHandler, WebSocketRouter, urlpatterns  # noqa: E402

checks.refuse_to_start_with_errors()  # servers run no checks by themselves
sockets = WebSocketRouter([*urlpatterns, *routing.urlpatterns])
application = EngineMiddleware(ProtocolTypeRouter({"http": ThreadedHandler(django), "websocket": sockets}))
