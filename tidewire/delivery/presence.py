"""Who is here: the connections subscribed to a stream, across processes.

Presence is ephemeral and says so: entries live in memory, or in Redis with an expiry. Every process confirms its own
entries before they expire, so a crashed process's are gone within EXPIRE_SECONDS. Joins and leaves are pushed as they
happen; what was left unsaid, by a crash or by a store that lost its memory, is told when the next confirmation compares
what was told with what is there: within CONFIRM_SECONDS + EXPIRE_SECONDS.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import zlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol

import msgspec

from tidewire.declare.registry import registry
from tidewire.delivery.subscription import Subscription
from tidewire.layer.messages import PresenceChange

logger = logging.getLogger(__name__)

CONFIRM_SECONDS = 12.0
EXPIRE_SECONDS = 30.0
BATCH = 200
"""Arrivals and departures that are told to the store at once: a crowd's come faster than a store answers."""
MAX_LEFT = 10_000

Info = dict[str, str]
Publish = Callable[[str, PresenceChange], None]
Relay = Callable[[str, str, dict[str, Any]], None]
HostCall = Callable[[Any, dict[str, dict[str, Info]]], Awaitable[None]]


class Store(Protocol):
    """Presence entries of all processes: {stream: {client: info}}."""

    async def put(self, entries: Iterable[tuple[str, Info]]) -> None:
        """Adds or confirms entries, for EXPIRE_SECONDS."""

    async def remove(self, entries: Iterable[tuple[str, Info]]) -> None: ...

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

    async def remove(self, entries: Iterable[tuple[str, Info]]) -> None:
        for stream, info in entries:
            clients = self._streams.get(stream, {})
            clients.pop(info["client"], None)
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
        await self._at_each_host(self._put, entries)

    async def _put(self, redis: Any, streams: dict[str, dict[str, Info]]) -> None:
        expires_at = await _now(redis) + EXPIRE_SECONDS
        async with redis.pipeline(transaction=True) as pipe:
            for stream, infos in streams.items():
                hash_key, set_key = self._keys(stream)
                pipe.hset(hash_key, mapping={client: msgspec.json.encode(info) for client, info in infos.items()})
                pipe.zadd(set_key, dict.fromkeys(infos, expires_at))
                for key in (hash_key, set_key):
                    pipe.expire(key, int(2 * EXPIRE_SECONDS))
            await pipe.execute()

    async def remove(self, entries: Iterable[tuple[str, Info]]) -> None:
        await self._at_each_host(self._remove, entries)

    async def _remove(self, redis: Any, streams: dict[str, dict[str, Info]]) -> None:
        async with redis.pipeline(transaction=True) as pipe:
            for stream, infos in streams.items():
                hash_key, set_key = self._keys(stream)
                pipe.hdel(hash_key, *infos)
                pipe.zrem(set_key, *infos)
            await pipe.execute()

    async def _at_each_host(self, call: HostCall, entries: Iterable[tuple[str, Info]]) -> None:
        """`call` gets a host and its {stream: {client: info}}. One that fails keeps no other from being asked."""
        hosts: dict[int, dict[str, dict[str, Info]]] = {}
        for stream, info in entries:
            hosts.setdefault(self._host_of(stream), {}).setdefault(stream, {})[info["client"]] = info
        calls = [call(self._clients[host], streams) for host, streams in hosts.items()]
        for result in await asyncio.gather(*calls, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def read(self, stream: str) -> dict[str, Info]:
        redis, (hash_key, set_key) = self._clients[self._host_of(stream)], self._keys(stream)
        now = await _now(redis)
        async with redis.pipeline(transaction=True) as pipe:
            pipe.zrangebyscore(set_key, now, "+inf")
            pipe.zremrangebyscore(set_key, "-inf", now)
            pipe.hgetall(hash_key)
            alive, _, infos = await pipe.execute()
        return {client.decode(): msgspec.json.decode(infos[client]) for client in alive if client in infos}

    def _host_of(self, stream: str) -> int:
        return zlib.crc32(stream.encode()) % len(self._clients)

    def _keys(self, stream: str) -> tuple[str, str]:
        return f"{self._prefix}:presence:{stream}:info", f"{self._prefix}:presence:{stream}:until"


async def _now(redis: Any) -> float:
    seconds, microseconds = await redis.time()
    return seconds + microseconds / 1e6


class Presence:
    """Presence of this process's subscriptions, and what it knows of the others'."""

    def __init__(self, store: Store, publish: Publish, relay: Relay) -> None:
        self._store, self._publish, self._relay = store, publish, relay
        self._here: dict[str, dict[str, Subscription]] = {}
        self._known: dict[str, dict[str, Info]] = {}
        self._left: dict[tuple[str, str], Info] = {}  # whom the store could not be told to forget
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
            for is_arrival, changes in itertools.groupby(await self._next_calls(), key=lambda call: call[2]):
                entries = [(stream, info) for stream, info, _ in changes]
                try:
                    async with asyncio.timeout(1.0):
                        await (self._arrived(entries) if is_arrival else self._store.remove(entries))
                except Exception as error:  # confirmed later
                    logger.debug("presence store unavailable: %s", error)
                    if not is_arrival:
                        self._keep_left(entries)
                # Told when it can be read: whoever hears of a join may ask at once.
                for stream, info in entries:
                    self._publish(stream, PresenceChange("join" if is_arrival else "leave", info))

    async def _next_calls(self) -> list[tuple[str, Info, bool]]:
        """At least one; of a crowd, many."""
        calls = [await self._calls.get()]
        while len(calls) < BATCH and not self._calls.empty():
            calls.append(self._calls.get_nowait())
        return calls

    async def _arrived(self, entries: list[tuple[str, Info]]) -> None:
        await self._store.put(entries)
        for stream in {stream for stream, _ in entries}:
            await self._begin(stream)

    async def confirm(self) -> None:
        """Keeps this process's entries alive, until cancelled."""
        while True:
            await asyncio.sleep(CONFIRM_SECONDS)
            try:
                async with asyncio.timeout(CONFIRM_SECONDS):
                    await self.confirm_once()
            except Exception as error:
                logger.warning("presence store unavailable: %s", error or type(error).__name__)

    async def confirm_once(self) -> None:
        """Confirms this process's entries, and tells its subscribers who came or left without a word."""
        await self._remove_left()
        entries = [(stream, s.info) for stream, here in self._here.items() for s in here.values()]
        for start in range(0, len(entries), BATCH):
            await self._store.put(entries[start : start + BATCH])
        for stream in list(self._here):
            await self._compare(stream)

    def _keep_left(self, entries: list[tuple[str, Info]]) -> None:
        self._left |= {(stream, info["client"]): info for stream, info in entries}
        for key in list(self._left)[:-MAX_LEFT]:
            del self._left[key]

    async def _remove_left(self) -> None:
        """Those who left unheard would be taken for arrivals when what is told is compared with what is there."""
        left = dict(self._left)  # more may leave meanwhile
        gone = [(stream, info) for (stream, client), info in left.items() if client not in self._here.get(stream, {})]
        if gone:
            await self._store.remove(gone)
        for key in left:
            self._left.pop(key, None)

    async def _begin(self, stream: str) -> None:
        """The first who hears of joins may ask who is there: from now on, whoever is there is known."""
        if self._is_followed(stream) and stream not in self._known:
            present = await self._store.read(stream)
            if stream in self._here:
                self._known[stream] = present

    async def _compare(self, stream: str) -> None:
        """Who is known and gone left with a crashed process, or came while the layer was away: nobody said so, we do.

        What changes while the store is asked is told by who changed it."""
        if not self._is_followed(stream):
            return
        if stream not in self._known:
            await self._begin(stream)
        before = dict(self._known.get(stream, {}))
        now = await self._store.read(stream)
        known = self._known.get(stream, {})
        for client in known.keys() & before.keys() - now.keys():
            self._relay(stream, "leave", {"info": before[client]})
        for client in now.keys() - before.keys() - known.keys():
            self._relay(stream, "join", {"info": now[client]})

    def heard(self, stream: str, kind: str, info: Info) -> None:
        """A join or leave was told, here or by the layer."""
        known, client = self._known.get(stream), info.get("client", "")
        if known is not None and kind == "leave":
            known.pop(client, None)
        elif known is not None and kind == "join" and client:
            known[client] = info

    def _is_followed(self, stream: str) -> bool:
        return any(subscription.is_hearing_joins for subscription in self._here.get(stream, {}).values())

    @staticmethod
    def _is_shown(stream: str) -> bool:
        kind = registry.kind_of(stream)
        return kind is not None and kind.has_presence
