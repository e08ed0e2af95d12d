"""Who is here: the connections subscribed to a stream, across processes.

Presence is ephemeral and says so: entries live in memory, or in Redis with an expiry. Every process confirms its own
entries before they expire, so a crashed process's are gone within EXPIRE_SECONDS. Joins and leaves are pushed as they
happen; what a crash left unsaid is told when the next confirmation compares.
"""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from realtime.live import registry
from realtime.subscription import Subscription

logger = logging.getLogger(__name__)

CONFIRM_SECONDS = 12.0
EXPIRE_SECONDS = 30.0

Info = dict[str, str]
Tell = Callable[[str, str, dict[str, Any]], None]


class Store(Protocol):
    """Presence entries of all processes: {stream: {client: info}}."""

    async def put(self, entries: Iterable[tuple[str, Info]]) -> None:
        """Adds or confirms entries, for EXPIRE_SECONDS."""

    async def remove(self, stream: str, client: str) -> None: ...

    async def read(self, stream: str) -> dict[str, Info]: ...


class MemoryStore:
    """Presence of the one process there is."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._streams: dict[str, dict[str, tuple[float, Info]]] = {}

    async def put(self, entries: Iterable[tuple[str, Info]]) -> None:
        expires_at = self._clock() + EXPIRE_SECONDS
        for stream, info in entries:
            self._streams.setdefault(stream, {})[info["client"]] = (expires_at, info)

    async def remove(self, stream: str, client: str) -> None:
        clients = self._streams.get(stream, {})
        clients.pop(client, None)
        if not clients:
            self._streams.pop(stream, None)

    async def read(self, stream: str) -> dict[str, Info]:
        now = self._clock()
        return {client: info for client, (at, info) in self._streams.get(stream, {}).items() if at > now}


class RedisStore:
    """A hash of infos and a sorted set of expiries per stream. Times are Redis's own: processes' clocks may differ."""

    def __init__(self, clients: list[Any], prefix: str = "tidewire") -> None:
        self._clients, self._prefix = clients, prefix

    async def put(self, entries: Iterable[tuple[str, Info]]) -> None:
        by_stream: dict[str, dict[str, Info]] = {}
        for stream, info in entries:
            by_stream.setdefault(stream, {})[info["client"]] = info
        for stream, infos in by_stream.items():
            await self._put(stream, infos)

    async def _put(self, stream: str, infos: dict[str, Info]) -> None:
        redis, (hash_key, set_key) = self._at(stream), self._keys(stream)
        expires_at = await _now(redis) + EXPIRE_SECONDS
        async with redis.pipeline(transaction=True) as pipe:
            pipe.hset(hash_key, mapping={client: msgspec.json.encode(info) for client, info in infos.items()})
            pipe.zadd(set_key, dict.fromkeys(infos, expires_at))
            for key in (hash_key, set_key):
                pipe.expire(key, int(2 * EXPIRE_SECONDS))
            await pipe.execute()

    async def remove(self, stream: str, client: str) -> None:
        hash_key, set_key = self._keys(stream)
        async with self._at(stream).pipeline(transaction=True) as pipe:
            pipe.hdel(hash_key, client)
            pipe.zrem(set_key, client)
            await pipe.execute()

    async def read(self, stream: str) -> dict[str, Info]:
        redis, (hash_key, set_key) = self._at(stream), self._keys(stream)
        now = await _now(redis)
        async with redis.pipeline(transaction=True) as pipe:
            pipe.zrangebyscore(set_key, now, "+inf")
            pipe.zremrangebyscore(set_key, "-inf", now)
            pipe.hgetall(hash_key)
            alive, _, infos = await pipe.execute()
        return {client.decode(): msgspec.json.decode(infos[client]) for client in alive if client in infos}

    def _at(self, stream: str) -> Any:
        return self._clients[zlib.crc32(stream.encode()) % len(self._clients)]

    def _keys(self, stream: str) -> tuple[str, str]:
        return f"{self._prefix}:presence:{stream}:info", f"{self._prefix}:presence:{stream}:until"


async def _now(redis: Any) -> float:
    seconds, microseconds = await redis.time()
    return seconds + microseconds / 1e6


class Presence:
    """Presence of this process's subscriptions, and what it knows of the others'."""

    def __init__(self, store: Store, tell: Tell, relay: Tell) -> None:
        self._store, self._tell, self._relay = store, tell, relay
        self._here: dict[str, dict[str, Subscription]] = {}
        self._known: dict[str, dict[str, Info]] = {}
        self._calls: asyncio.Queue[tuple[str, Info, bool]] = asyncio.Queue()

    def arrive(self, subscription: Subscription) -> None:
        """A subscription was answered. Streams without presence are passed over."""
        if self._is_shown(subscription.stream):
            self._here.setdefault(subscription.stream, {})[subscription.info["client"]] = subscription
            self._calls.put_nowait((subscription.stream, subscription.info, True))

    def depart(self, subscription: Subscription) -> None:
        here = self._here.get(subscription.stream, {})
        if here.pop(subscription.info["client"], None) is None:
            return
        if not here:
            del self._here[subscription.stream]
            self._known.pop(subscription.stream, None)
        self._calls.put_nowait((subscription.stream, subscription.info, False))

    async def read(self, stream: str) -> dict[str, Info]:
        """Everybody's entries; this process's own where the store cannot be asked."""
        own = {client: subscription.info for client, subscription in self._here.get(stream, {}).items()}
        try:
            async with asyncio.timeout(1.0):
                return await self._store.read(stream) | own
        except Exception as error:
            logger.warning("presence store unavailable: %s", error or type(error).__name__)
            return own

    async def run(self) -> None:
        """Tells the store what happens here, in order, until cancelled."""
        while True:
            stream, info, is_arrival = await self._calls.get()
            client = info["client"]
            try:
                async with asyncio.timeout(1.0):
                    await (self._store.put([(stream, info)]) if is_arrival else self._store.remove(stream, client))
            except Exception as error:  # confirmed later, or expired
                logger.debug("presence store unavailable: %s", error)
            # Told when it can be read: whoever hears of a join may ask at once.
            self._tell(stream, "join" if is_arrival else "leave", {"info": info})

    async def confirm(self) -> None:
        """Keeps this process's entries alive, and tells its subscribers who left without a word; until cancelled."""
        while True:
            await asyncio.sleep(CONFIRM_SECONDS)
            try:
                entries = [(stream, s.info) for stream, here in self._here.items() for s in here.values()]
                await self._store.put(entries)
                for stream in list(self._here):
                    await self._compare(stream)
            except Exception as error:
                logger.warning("presence store unavailable: %s", error or type(error).__name__)

    async def _compare(self, stream: str) -> None:
        """Who was known and is gone left with a crashed process: nobody said so, we do."""
        if not any(s.is_hearing_joins for s in self._here.get(stream, {}).values()):
            return
        now = await self._store.read(stream)
        before = self._known.get(stream, now)
        for client in before.keys() - now.keys():
            self._relay(stream, "leave", {"info": before[client]})
        self._known[stream] = now

    def heard(self, stream: str, kind: str, info: Info) -> None:
        """A join or leave arrived by the layer."""
        known = self._known.get(stream)
        if known is not None and kind == "leave":
            known.pop(info.get("client", ""), None)

    @staticmethod
    def _is_shown(stream: str) -> bool:
        kind = registry.kind_of(stream)
        return kind is not None and kind.has_presence
