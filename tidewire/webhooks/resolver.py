"""Resolves host names to addresses that requests may be sent to, in bounded time and with bounded threads."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tidewire.ground.conf import conf
from tidewire.webhooks import hosts
from tidewire.webhooks.addresses import is_loopback, is_public

Lookup = Callable[[str, int], list[str]]
"""Returns the addresses of a host and port, as texts. Raises OSError. May take long: it is called in a thread."""

RESOLVE_SECONDS = 5.0
THREADS = 64
"""Names that are resolved at a time. A name server that never answers keeps one thread per name for some seconds."""
MAX_ADDRESSES = 8
"""Addresses of one name that are tried."""


class RefusedAddressError(Exception):
    """A name leads to an address that is not public."""


class ResolvingError(Exception):
    """A name could not be resolved in time, or does not exist."""


def look_up(host: str, port: int) -> list[str]:
    """Asks the system, which asks its name servers."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Resolver:
    """Resolves for one event loop. A name that is asked for again while it is resolved is resolved once."""

    def __init__(self, lookup: Lookup = look_up) -> None:
        self._lookup = lookup
        self._threads = ThreadPoolExecutor(THREADS, "tidewire-resolver")
        self._running: dict[tuple[str, int], asyncio.Future[list[str]]] = {}

    async def addresses(self, host: str, port: int) -> list[str]:
        """Returns the addresses of a host. Raises RefusedAddressError if its text or any of them is refused,
        ResolvingError."""
        try:
            hosts.check(host)
        except hosts.HostError as error:
            raise RefusedAddressError(str(error)) from None
        key = (host, port)
        running = self._running.get(key)
        if running is None:
            loop = asyncio.get_running_loop()
            running = asyncio.ensure_future(loop.run_in_executor(self._threads, self._lookup, host, port))
            self._running[key] = running
            running.add_done_callback(lambda done: self._finish(key, done))
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await asyncio.shield(running)
        except TimeoutError:
            raise ResolvingError("the name server did not answer in time") from None
        except (OSError, UnicodeError) as error:
            raise ResolvingError(f"the name cannot be resolved: {error}") from None
        check(found)
        return found[:MAX_ADDRESSES]

    def _finish(self, key: tuple[str, int], done: asyncio.Future[list[str]]) -> None:
        del self._running[key]
        if not done.cancelled():
            done.exception()  # seen, also where all that waited have given up

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def check(addresses: list[str]) -> None:
    """Raises RefusedAddressError unless requests may be sent to all of these addresses.

    One that is refused refuses all: a name that leads inside and outside is an attack or a mistake.
    """
    if not addresses:
        raise ResolvingError("the name has no address")
    for address in addresses:
        if not (is_public(address) or (conf.WEBHOOK_LOOPBACK and is_loopback(address))):
            raise RefusedAddressError("the name leads to an address that is not public")
