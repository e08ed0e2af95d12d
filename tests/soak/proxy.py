"""TCP proxies that can be cut, held, slowed and made to refuse. One thread runs all of them."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Coroutine, Sequence
from typing import Any

from tests.rig.servers import free_port

CONNECT_SECONDS = 2.0
CHUNK = 65536

Address = tuple[str, int]


class Proxies:
    """The thread and event loop of all proxies."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def proxy(self, upstreams: Sequence[int], host: str = "127.0.0.1") -> Proxy:
        """Starts a proxy to these local ports. Each connection goes to a port chosen at random."""
        proxy = Proxy([(host, port) for port in upstreams])
        self.run(proxy.listen())
        proxy.run = self.run
        return proxy

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)


class Proxy:
    """Carries bytes in both directions, in order. They wait while it is held, and for `delay` seconds."""

    def __init__(self, upstreams: list[Address]) -> None:
        self.port = free_port()
        self.upstreams = upstreams
        self.delay = 0.0
        self.is_refusing = False
        self.accepted = 0
        self._passing = asyncio.Event()
        self._passing.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, backlog=4096)

    # -- faults; called from other threads through `run` ---------------------------------------------------------------

    def cut(self) -> None:
        """Resets every connection."""
        self.run(self._cut())

    def hold(self) -> None:
        """Stops carrying without closing anything, as a network that loses all packets."""
        self.run(self._set(False))

    def release(self) -> None:
        self.run(self._set(True))

    async def _set(self, is_passing: bool) -> None:
        (self._passing.set if is_passing else self._passing.clear)()

    async def _cut(self) -> None:
        for writer in list(self._open):
            reset(writer)

    # -- carrying ------------------------------------------------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_refusing:
            reset(writer)
            return
        self.accepted += 1
        upstream = await self._connect()
        if upstream is None:
            reset(writer)
            return
        self._open |= {writer, upstream[1]}
        try:
            await asyncio.gather(self._carry(reader, upstream[1]), self._carry(upstream[0], writer))
        finally:
            self._open -= {writer, upstream[1]}
            reset(writer)
            reset(upstream[1])

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Connects to an upstream, as a balancer does: to another one when the first refuses. None if all refuse."""
        for address in random.sample(self.upstreams, len(self.upstreams)):
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return await asyncio.open_connection(*address)
        return None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carries one direction until its side ends; then both end."""
        try:
            while data := await reader.read(CHUNK):
                await self._passing.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        except OSError:
            reset(writer)
            return
        with contextlib.suppress(OSError):
            writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """Resets a connection, as a crash does."""
    sock = writer.get_extra_info("socket")
    if sock is not None and not writer.transport.is_closing():
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    with contextlib.suppress(Exception):
        writer.transport.abort()
