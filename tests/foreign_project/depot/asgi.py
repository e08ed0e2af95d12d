import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "depot.settings")
http = get_asgi_application()  # loads the apps, which the imports below need

from channels.routing import ProtocolTypeRouter  # noqa: E402

from tidewire.asgi import EngineMiddleware, WebSocketRouter, urlpatterns  # noqa: E402

sockets = WebSocketRouter(urlpatterns)
application = EngineMiddleware(ProtocolTypeRouter({"http": http, "websocket": sockets}))
