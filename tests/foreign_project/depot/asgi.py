import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "depot.settings")
http = get_asgi_application()  # loads the apps, which what follows needs

from channels.routing import ProtocolTypeRouter  # noqa: E402

from tidewire.asgi import EngineMiddleware, WebSocketRouter, urlpatterns  # noqa: E402

sockets = WebSocketRouter(urlpatterns)
application = EngineMiddleware(ProtocolTypeRouter({"http": http, "websocket": sockets}))
