"""Connections to checked addresses: httpcore asks this module for a connection to a host, and gets one to an address
that was resolved and checked just now. So no second look-up can lead elsewhere (DNS rebinding). TLS and the Host header
still use the host's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from httpcore import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream, ConnectError

from tidewire.webhooks.resolver import Resolver, check


class CheckedNetwork(AsyncNetworkBackend):
    """Opens TCP connections to public addresses only."""

    def __init__(self, resolver: Resolver, backend: AsyncNetworkBackend | None = None) -> None:
        self._resolver, self._backend = resolver, backend or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        """Raises RefusedAddressError, ResolvingError, or httpcore's ConnectError and ConnectTimeout."""
        refused: Exception = ConnectError("no address")
        for address in await self._resolver.addresses(host, port):
            try:
                stream = await self._backend.connect_tcp(address, port, timeout, local_address, socket_options)
            except ConnectError as error:
                refused = error
                continue
            try:
                _check_peer(stream)
            except Exception:
                await stream.aclose()
                raise
            return stream
        raise refused

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's interface
        socket_options: Iterable[Any] | None = None,
    ) -> AsyncNetworkStream:
        raise ConnectError("webhooks are sent over TCP")

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


def _check_peer(stream: AsyncNetworkStream) -> None:
    """Raises RefusedAddressError unless the system has really connected to a public address, and ConnectError where the
    receiver has closed the connection already: it then has no address any more."""
    peer = stream.get_extra_info("server_addr")
    if peer is None:
        raise ConnectError("the connection was closed at once")
    check([str(peer[0])])
