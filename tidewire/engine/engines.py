"""The engine of each event loop.

Not every server tells an application that it starts (daphne has no `lifespan`), so the engine of a loop is made and
started when it is first asked for: by the first scope that the application sees.
"""

from __future__ import annotations

import asyncio
from functools import partial

from channels.layers import get_channel_layer
from django.core.exceptions import ImproperlyConfigured

from tidewire.delivery.connections import Connections
from tidewire.delivery.hub import Intervals
from tidewire.delivery.presence_servers import Cluster, Shards
from tidewire.delivery.presence_stores import MemoryStore, RedisStore, Store
from tidewire.engine import signing_in
from tidewire.engine.engine import Engine
from tidewire.engine.reader import Reader
from tidewire.ground.conf import conf
from tidewire.ground.frame_rate import FrameLimits
from tidewire.layer import redis_clients

_engines: dict[asyncio.AbstractEventLoop, Engine] = {}
_max_connections: int | None = None


def current() -> Engine:
    """Returns the engine of the running loop. Makes and starts it for the first caller."""
    loop = asyncio.get_running_loop()
    engine = _engines.get(loop)
    if engine is None:
        for other in [other for other in list(_engines) if other.is_closed()]:
            del _engines[other]
        engine = start(from_settings())
    return engine


def limit_connections(most: int) -> None:
    """Sets how many connections an engine has that is made from now on, in place of MAX_CONNECTIONS: `serve` knows how
    many files the process may open."""
    global _max_connections
    _max_connections = most


def start(engine: Engine) -> Engine:
    """Makes this the engine of the running loop, and starts it. Returns it."""
    _engines[asyncio.get_running_loop()] = engine
    engine.start()
    return engine


def running() -> Engine | None:
    """Returns the engine of the running loop, or None if it was not asked for yet."""
    return _engines.get(asyncio.get_running_loop())


async def stop() -> None:
    """Stops the engine of the running loop, if there is one."""
    engine = _engines.pop(asyncio.get_running_loop(), None)
    if engine is not None:
        await engine.stop()


def from_settings(reader: Reader | None = None) -> Engine:
    """Makes an engine as Django's settings say, with a reader of its own unless it is given one.

    Raises ImproperlyConfigured where there is no channel layer.
    """
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("Tidewire needs a channel layer: set CHANNEL_LAYERS")
    return Engine(
        layer=layer,
        reader=reader or Reader(conf.DATABASE_THREADS),
        presence_store=_presence_store(),
        connections=Connections(
            conf.MAX_CONNECTIONS_PER_USER,
            conf.MESSAGE_BURST,
            conf.MESSAGES_PER_SECOND,
            conf.MAX_SUBSCRIPTIONS,
            FrameLimits(conf.FRAME_BURST, conf.FRAMES_PER_SECOND),
            conf.MAX_CONNECTIONS if _max_connections is None else _max_connections,
        ),
        authenticate=signing_in.authenticate,
        intervals=Intervals(
            poll=conf.POLL_SECONDS,
            touched=conf.TOUCHED_SECONDS,
            audit=conf.AUDIT_SECONDS,
            heartbeat=conf.HEARTBEAT_SECONDS,
        ),
    )


def _presence_store() -> Store:
    """Presence is kept where the channel layer is: in memory, or in the Redis servers that the layer uses."""
    servers = redis_clients.servers()
    if not servers:
        return MemoryStore()
    if redis_clients.is_cluster(servers[0]):
        return RedisStore(Cluster(partial(redis_clients.cluster_client, servers[0])))
    return RedisStore(Shards([redis_clients.client(server) for server in servers]))
