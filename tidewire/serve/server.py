"""daphne's server with our protocols, on a socket that is open already."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from asgiref.typing import ASGI3Application
from daphne.server import Server as DaphneServer
from twisted.internet import defer
from twisted.logger import ILogObserver, globalLogBeginner

from tidewire.serve import listening_socket
from tidewire.serve.address_rates import AddressRates
from tidewire.serve.connection_limits import ConnectionLimiter
from tidewire.serve.http_protocol import HTTPFactory
from tidewire.serve.http_requests import Request
from tidewire.serve.options import Options
from tidewire.serve.reactor import ListeningPort, event_loop, reactor
from tidewire.serve.tls.certificates import Certificate
from tidewire.serve.tls.transport import Creator, TLSFactory
from tidewire.serve.websocket_protocol import WebSocket, WebSocketFactory

PING_SECONDS = 30  # WebSocket's own pings, for sockets that do not speak a protocol with pings of its own
MAX_LAST_ACCEPTS = 1000
"""Turns of accepting before the listening socket is closed, of one connection or more each."""
NEVER = -1  # daphne would close every socket after a day


class Server(DaphneServer):
    """The server of one process.

    `requests` are those that the application is answering, `sockets` the accepted WebSockets, `connections` daphne's
    own records of both: {protocol: {"application_instance": task, "connected": time, "disconnected": time}}.
    """

    def __init__(
        self,
        application: ASGI3Application,
        listening: socket.socket,
        options: Options,
        limiter: ConnectionLimiter,
        certificate: Certificate | None = None,
    ) -> None:
        """With a certificate all connections are encrypted. Raises CertificateError."""
        super().__init__(
            application,
            endpoints=["inherited"],  # daphne insists on one, and ours is bound already
            signal_handlers=False,
            ping_interval=PING_SECONDS,
            websocket_timeout=NEVER,
            server_name="",
        )
        self.options, self.limiter = options, limiter
        self.requests: set[Request] = set()
        self.connections: dict[Any, dict[str, Any]] = {}
        self.http_factory = HTTPFactory(self)
        self.ws_factory = WebSocketFactory(
            self, options.max_frame_bytes, options.frames, self.websocket_handshake_timeout
        )
        self._creator = Creator(certificate) if certificate else None
        self._listening = listening
        self._port: ListeningPort | None = None

    @property
    def sockets(self) -> set[WebSocket]:
        return self.ws_factory.sockets

    def run(self) -> None:
        """Serves until `stop`. In place of daphne's, which binds its endpoints itself."""
        globalLogBeginner.beginLoggingTo([cast(ILogObserver, _ignore)], redirectStandardIO=False, discardBuffer=True)
        asyncio.set_event_loop(event_loop())
        reactor.callLater(1, self.application_checker)
        reactor.callLater(2, self.timeout_checker)
        self._listening.setblocking(False)
        self._port = reactor.adoptStreamPort(self._listening.fileno(), self._listening.family, self._factory())
        reactor.addSystemEventTrigger("before", "shutdown", self.kill_all_applications)
        reactor.run(installSignalHandlers=False)

    def _factory(self) -> object:
        """Returns what makes connections: with a certificate, encrypted ones."""
        if self._creator is None:
            return self.http_factory
        from tidewire.serve.http2 import budget  # with TLS only, and the packages of HTTP/2 with it

        self.http_factory.frame_rates = budget.address_rates()
        limits, is_proxied = self.options.connections, self.http_factory.places.is_proxied
        rates = AddressRates(limits.address_accept_burst, limits.address_accepts_per_second)
        return TLSFactory(self._creator, self.http_factory, None if is_proxied else rates)

    @property
    def is_encrypted(self) -> bool:
        return self._creator is not None

    def reload_certificate(self) -> None:
        """Reads the certificate again, for new connections."""
        if self._creator is not None:
            self._creator.reload()

    def pause_listening(self) -> None:
        """Accepts no connection until `resume_listening`. New ones are accepted by other workers."""
        if self._port is not None:
            self._port.stopReading()

    def resume_listening(self) -> None:
        if self._port is not None:
            self._port.startReading()

    def refuse_more(self) -> None:
        """Lets no new connection into the queue of the listening socket, which is about to be closed for good."""
        listening_socket.refuse_more(self._listening)

    async def stop_listening(self, takes_queue: bool) -> None:
        """Accepts no more; with `takes_queue`, after what waits in the socket's queue. Otherwise that is left to other
        workers, or to a successor."""
        if self._port is not None:
            port, self._port = self._port, None
            for _ in range(MAX_LAST_ACCEPTS if takes_queue else 0):
                if not listening_socket.is_waited_for(self._listening):
                    break
                port.doRead()
            await defer.maybeDeferred(port.stopListening).asFuture(asyncio.get_running_loop())
        self._listening.close()

    async def handle_reply(self, protocol: object, message: dict[str, Any]) -> None:
        """As daphne's; while a client does not read, the next part of a streamed answer waits for it."""
        await super().handle_reply(protocol, message)
        if isinstance(protocol, Request) and message.get("more_body"):
            await protocol.drained()

    def create_application(self, protocol: object, scope: dict[str, Any]) -> Any:
        """As daphne's; the scope also names our ASGI extensions."""
        if isinstance(protocol, WebSocket | Request):
            scope = {**scope, "extensions": protocol.extensions}
        return super().create_application(protocol, scope)

    def kill_all_applications(self) -> Any:
        """As daphne's, which raises for connections whose application has ended already."""
        for details in list(self.connections.values()):
            if "application_instance" not in details:
                ended = details["application_instance"] = event_loop().create_future()
                ended.set_result(None)
        return super().kill_all_applications()


def _ignore(event: object) -> None:
    """Drops an event of Twisted's log. daphne logs what matters through Python's logging."""
