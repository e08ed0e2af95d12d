"""daphne's server with our protocols, on a socket that is open already."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from daphne.server import Server as DaphneServer
from daphne.server import reactor
from twisted.internet import defer
from twisted.logger import globalLogBeginner

from tidewire.serve import http, sockets
from tidewire.serve.admission import Admission
from tidewire.serve.options import Options

PING_SECONDS = 30  # WebSocket's own pings, for sockets that do not speak a protocol with pings of its own
NEVER = -1  # daphne would close every socket after a day


class Server(DaphneServer):
    """One process's server."""

    def __init__(self, application: Any, listening: socket.socket, options: Options, admission: Admission) -> None:
        super().__init__(
            application,
            endpoints=["handed down"],  # daphne insists on one
            signal_handlers=False,
            ping_interval=PING_SECONDS,
            websocket_timeout=NEVER,
            server_name="",
        )
        self.options, self.admission = options, admission
        self.requests: set[http.Request] = set()
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = http.Factory(self)
        self.ws_factory = sockets.Factory(self, options.max_frame_bytes, self.websocket_handshake_timeout)
        self._listening = listening
        self._port: Any = None

    @property
    def sockets(self) -> set[sockets.Socket]:
        return self.ws_factory.sockets

    def run(self) -> None:
        """Serves until `stop`."""
        globalLogBeginner.beginLoggingTo([lambda _: None], redirectStandardIO=False, discardBuffer=True)
        asyncio.set_event_loop(reactor._asyncioEventloop)
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        self._listening.setblocking(False)
        self._port = reactor.adoptStreamPort(self._listening.fileno(), self._listening.family, self.http_factory)
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run(installSignalHandlers=False)

    async def stop_listening(self) -> None:
        """New connections wait in the socket's queue, for the other workers or for our successor."""
        self._listening.close()
        if self._port is not None:
            port, self._port = self._port, None
            await defer.maybeDeferred(port.stopListening).asFuture(asyncio.get_running_loop())

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        offered = sockets.extensions(protocol)
        return super().create_application(protocol, scope | {"extensions": offered} if offered else scope)

    def kill_all_applications(self) -> Any:
        """As daphne's, which stumbles over connections whose application is gone already."""
        for details in list(self.connections.values()):
            details.setdefault("application_instance", _ended())
        return super().kill_all_applications()


def _ended() -> asyncio.Future[None]:
    future: asyncio.Future[None] = reactor._asyncioEventloop.create_future()
    future.set_result(None)
    return future
