"""Where the presence entries of all processes are kept: in memory, or in Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

import msgspec

from tidewire.delivery.presence_servers import Server, Servers
from tidewire.ground import metrics
from tidewire.protocol.pushes import ClientInfo

EXPIRE_SECONDS = 30.0
MAX_INFO_BYTES = 512
"""Of one entry: the ids of a user and of a connection, and what stands around them."""

Clients = dict[str, ClientInfo]
"""{client: info}"""
_decode = msgspec.json.Decoder(ClientInfo).decode
ServerCall = Callable[[Server, dict[str, Clients]], Awaitable[None]]


class Store(Protocol):
    """Presence entries of all processes, by stream. Methods raise what their server raises."""

    async def put(self, entries: Iterable[tuple[str, ClientInfo]]) -> None:
        """Adds or confirms entries (stream, info) for EXPIRE_SECONDS."""

    async def remove(self, entries: Iterable[tuple[str, ClientInfo]]) -> None: ...

    async def read(self, stream: str) -> Clients:
        """Returns the entries of a stream that have not expired."""
        ...


class MemoryStore:
    """Presence where there is only one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._streams: dict[str, dict[str, tuple[float, ClientInfo]]] = {}

    async def put(self, entries: Iterable[tuple[str, ClientInfo]]) -> None:
        expires_at = self._clock() + EXPIRE_SECONDS
        for stream, info in entries:
            self._streams.setdefault(stream, {})[info.client] = (expires_at, info)

    async def remove(self, entries: Iterable[tuple[str, ClientInfo]]) -> None:
        for stream, info in entries:
            clients = self._streams.get(stream, {})
            clients.pop(info.client, None)
            if not clients:
                self._streams.pop(stream, None)

    async def read(self, stream: str) -> Clients:
        now = self._clock()
        return {client: info for client, (at, info) in self._streams.get(stream, {}).items() if at > now}


class RedisStore:
    """Presence in Redis. Each stream has a hash of infos and a sorted set of expiry times, at one server. Times are
    those of Redis, because the clocks of processes may differ.

    What a call does to one stream is a transaction, except in a cluster. There, infos are written before times and
    times removed before infos, so that a reader in between sees a whole entry or none.
    """

    def __init__(self, servers: Servers, prefix: str = "tidewire") -> None:
        self._servers, self._prefix = servers, prefix

    async def put(self, entries: Iterable[tuple[str, ClientInfo]]) -> None:
        await self._on_each_server(self._put, entries)

    async def _put(self, redis: Server, streams: dict[str, Clients]) -> None:
        expires_at = await _now(redis) + EXPIRE_SECONDS
        async with redis.pipeline(transaction=True) as pipe:
            for stream, clients in streams.items():
                hash_key, set_key = self._keys(stream)
                pipe.hset(hash_key, mapping={client: msgspec.json.encode(info) for client, info in clients.items()})
                pipe.zadd(set_key, dict.fromkeys(clients, expires_at))
                for key in (hash_key, set_key):
                    pipe.expire(key, int(2 * EXPIRE_SECONDS))
            await pipe.execute()

    async def remove(self, entries: Iterable[tuple[str, ClientInfo]]) -> None:
        await self._on_each_server(self._remove, entries)

    async def _remove(self, redis: Server, streams: dict[str, Clients]) -> None:
        async with redis.pipeline(transaction=True) as pipe:
            for stream, clients in streams.items():
                hash_key, set_key = self._keys(stream)
                pipe.zrem(set_key, *clients)
                pipe.hdel(hash_key, *clients)
            await pipe.execute()

    async def _on_each_server(self, call: ServerCall, entries: Iterable[tuple[str, ClientInfo]]) -> None:
        """Calls `call` with each server and its {stream: {client: info}}. One that fails stops no other; its error is
        raised when all have been called."""
        by_server: dict[Server, dict[str, Clients]] = {}
        for stream, info in entries:
            server = await self._server_of(stream)
            by_server.setdefault(server, {}).setdefault(stream, {})[info.client] = info
        calls = [call(server, streams) for server, streams in by_server.items()]
        for result in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def read(self, stream: str) -> Clients:
        redis, (hash_key, set_key) = await self._server_of(stream), self._keys(stream)
        now = await _now(redis)
        async with redis.pipeline(transaction=True) as pipe:
            pipe.zrangebyscore(set_key, now, "+inf")
            pipe.zremrangebyscore(set_key, "-inf", now)
            pipe.hgetall(hash_key)
            alive, _, infos = await pipe.execute()
        found = [_info(client, infos[client]) for client in alive if client in infos]
        return {info.client: info for info in found if info is not None}

    async def _server_of(self, stream: str) -> Server:
        return await self._servers.of(self._keys(stream)[0])

    def _keys(self, stream: str) -> tuple[str, str]:
        """Returns the keys of the infos and of the times. A cluster puts what stands in braces into one slot."""
        return f"{self._prefix}:presence:{{{stream}}}:info", f"{self._prefix}:presence:{{{stream}}}:until"


def _info(client: bytes, stored: bytes) -> ClientInfo | None:
    """Returns the entry of a client. Anything may write to Redis: an entry of another shape is left out and counted,
    so that it hides no other."""
    if len(stored) <= MAX_INFO_BYTES:
        try:
            info = _decode(stored)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            info = None
        if info is not None and info.client.encode() == client:
            return info
    metrics.presence_refused.inc()
    return None


async def _now(redis: Server) -> float:
    seconds, microseconds = await redis.time()
    return seconds + microseconds / 1e6
