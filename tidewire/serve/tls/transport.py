"""Encrypted connections: Twisted's TLS in front of the HTTP factory, with an end that always comes."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.protocol import connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from tidewire.ground import metrics
from tidewire.ground.networks import is_loopback, network_of
from tidewire.serve.address_rates import AddressRates
from tidewire.serve.tls.certificates import Certificate, CertificateError

logger = logging.getLogger(__name__)

CLOSE_SECONDS = 5.0
"""How long a client may take to answer the end of TLS, once it has been sent. Then the connection is closed without."""


class TLSTransport(TLSMemoryBIOProtocol):
    """One encrypted connection. Bytes are encrypted as they are written, and wait in the TCP transport below, where
    direct_writes.py counts them. (Twisted's own default keeps small writes back for a turn of the loop, uncounted.)

    The session tickets of TLS 1.3 are sent with the first answer. OpenSSL writes them at the end of the handshake, and
    sent then, they meet the client's first request. A client that reads in one thread and writes in another, as
    Python's `websockets.sync` and `websocket-client` do, loses its request when both happen at the same time: its
    OpenSSL says that the request was sent, and sends nothing. With the answer the tickets find it waiting.
    """

    _close_timer: asyncio.TimerHandle | None = None
    _has_spoken = False

    def _checkHandshakeStatus(self) -> None:
        super()._checkHandshakeStatus()
        connection = self._tlsConnection
        if self._handshakeDone and connection and connection.get_protocol_version() < SSL.TLS1_3_VERSION:
            self._has_spoken = True  # the last words of the handshake are the server's

    def _flushSendBIO(self) -> None:
        if self._has_spoken or not self._handshakeDone:
            super()._flushSendBIO()

    def _write(self, bytes: bytes) -> None:
        self._has_spoken = True
        super()._write(bytes)

    def _shutdownTLS(self) -> None:
        self._has_spoken = True
        super()._shutdownTLS()

    def _tlsShutdownFinished(self, reason: Failure | None) -> None:
        self._has_spoken = True
        super()._tlsShutdownFinished(reason)

    def loseConnection(self) -> None:
        """As Twisted's, which waits for the client's answer without end, and before for the producer to let go: daphne
        leaves the one of a request behind on its WebSocket."""
        self.unregisterProducer()
        super().loseConnection()
        if self._close_timer is None and self.connected:
            self._close_timer = asyncio.get_running_loop().call_later(CLOSE_SECONDS, self._close)

    def _close(self) -> None:
        self._close_timer = None
        if self.connected and self.transport is not None:
            self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._close_timer is not None:
            self._close_timer.cancel()
        super().connectionLost(reason)


@implementer(IOpenSSLServerConnectionCreator)
class Creator:
    """Makes the TLS side of each new connection from the certificate that is current."""

    def __init__(self, certificate: Certificate) -> None:
        """Raises CertificateError."""
        self._certificate = certificate
        self._context = certificate.context()

    def serverConnectionForTLS(self, protocol: object) -> SSL.Connection:
        return SSL.Connection(self._context, None)

    def reload(self) -> None:
        """Reads the files again. Open connections keep what they have; a file that cannot be used changes nothing."""
        try:
            self._context = self._certificate.context()
        except CertificateError as error:
            logger.error("the certificate is kept as it was: %s", error)
        else:
            logger.info("the certificate was read again: %s", self._certificate.chain)


class TLSFactory(TLSMemoryBIOFactory):
    """Makes the encrypted connections of one process. A handshake costs about as much as a small request, so each
    network has a rate for them, where its connections are counted by address at all; `rates` is None behind proxies."""

    protocol = TLSTransport

    def __init__(self, creator: Creator, wrapped: Any, rates: AddressRates | None) -> None:
        super().__init__(cast(Any, creator), False, wrapped)  # Twisted's types describe interfaces only
        self._rates = rates

    def buildProtocol(self, addr: Any) -> Any:
        """Returns the protocol of a new connection; None closes it at once."""
        host = getattr(addr, "host", "")
        if is_loopback(host) or self._may_begin(network_of(host)):
            return super().buildProtocol(addr)
        metrics.cut_offs.labels("tls_rate").inc()
        return None

    def _may_begin(self, network: str) -> bool:
        return self._rates is None or self._rates.take(network, asyncio.get_running_loop().time())
