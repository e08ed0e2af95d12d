from django.core.asgi import get_asgi_application

http = get_asgi_application()  # loads the apps, which what follows needs

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.urls import path  # noqa: E402

from tests.conformance import wire  # noqa: E402
from tests.conformance.connection import SuiteConnection, SuiteConsumer  # noqa: E402
from tests.conformance.durable import DurableStreams  # noqa: E402
from tidewire.asgi import EngineMiddleware, WebSocketRouter, door_routes  # noqa: E402
from tidewire.doors.fallback import Fallbacks  # noqa: E402

sockets = WebSocketRouter([path("connection/websocket", SuiteConsumer.as_asgi())])
routes = door_routes(fallbacks=Fallbacks(SuiteConnection, wire.JSON, wire.PROTOBUF))
engine = EngineMiddleware(ProtocolTypeRouter({"http": http, "websocket": sockets}), doors=routes)
application = DurableStreams(engine)
