"""Opens clients of the Redis servers that the channel layer is configured with. Every other use of Redis, such as
presence and counts of requests, asks here, so that it reaches the same servers in the same way.

A server is a dict, as channels_redis takes it: `{"address": "redis://…"}`, or `{"sentinels": [(host, port)],
"master_name": …}`. A whole Redis Cluster is `{"nodes": [(host, port)]}`. Further keys are arguments of redis-py's
connections, such as `username`, `password`, `socket_timeout` and `ssl_ca_certs`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

Server = dict[str, Any]

RETRIES = 1
"""How often a client of a cluster asks again, at the node that is named to it, before it raises. Others do not."""


def is_in_memory() -> bool:
    """Returns whether the channel layer is in memory, so that there is no Redis."""
    return settings.CHANNEL_LAYERS["default"]["BACKEND"].endswith("InMemoryChannelLayer")


def servers() -> list[Server]:
    """Returns the servers of the channel layer: none in memory, one for a cluster, several where they are shards."""
    if is_in_memory():
        return []
    from channels_redis.utils import decode_hosts  # installed only where the layer is on Redis

    return [dict(entry) for entry in decode_hosts(settings.CHANNEL_LAYERS["default"].get("CONFIG", {}).get("hosts"))]


def is_cluster(server: Server) -> bool:
    return "nodes" in server


def name_of(server: Server) -> str:
    """Returns how messages call a server. It holds no password."""
    if is_cluster(server):
        return ",".join(_places(server["nodes"]))
    if "master_name" in server:
        return f"{server['master_name']} behind {','.join(_places(server['sentinels']))}"
    if "address" in server:
        return str(server["address"]).partition("://")[2].rpartition("@")[2].partition("?")[0]
    return f"{server.get('host', 'localhost')}:{server.get('port', 6379)}"


def _places(places: Iterable[tuple[str, int]]) -> list[str]:
    return [place_of(*place) for place in places]


def place_of(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def client(server: Server) -> redis_asyncio.Redis:
    """Returns an asyncio client of one server, or of the primary that its sentinels name. It connects when it is first
    used."""
    from channels_redis.utils import create_pool  # installed only where the layer is on Redis
    from redis.asyncio import Redis

    return Redis(connection_pool=create_pool(server))


def cluster_client(server: Server) -> redis_asyncio.RedisCluster:
    """Returns an asyncio client of a cluster. It connects when it is first used, and serves the slots that are left
    when others are without a primary."""
    from redis.asyncio.cluster import ClusterNode, RedisCluster  # installed only where the layer is on Redis
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    return RedisCluster(
        startup_nodes=[ClusterNode(*place) for place in server["nodes"]],
        require_full_coverage=False,
        retry=Retry(NoBackoff(), RETRIES),
        protocol=2,  # a connection that subscribes reads plain answers
        **_options(server),
    )


def blocking_client(server: Server, seconds: float) -> Any:
    """Returns a client for threads, which waits at most `seconds` for each answer. That of a cluster connects at once
    and raises what its nodes raise, the others connect when they are first used."""
    import redis  # installed only where the layer is on Redis
    from redis.cluster import ClusterNode
    from redis.sentinel import Sentinel

    waiting: dict[str, Any] = {"socket_timeout": seconds, "socket_connect_timeout": seconds}
    waiting["retry"] = _retries(RETRIES if is_cluster(server) else 0)
    options: dict[str, Any] = _options(server) | waiting
    if is_cluster(server):
        nodes = [ClusterNode(*place) for place in server["nodes"]]
        return redis.RedisCluster(startup_nodes=nodes, require_full_coverage=False, **options)
    if "address" in server:
        return redis.Redis.from_url(server["address"], **options)
    if "sentinels" in server:
        asking = (server.get("sentinel_kwargs") or {}) | waiting
        return Sentinel(server["sentinels"], sentinel_kwargs=asking).master_for(server["master_name"], **options)
    return redis.Redis(**options)


def _options(server: Server) -> dict[str, Any]:
    """Returns what is said to the connections of a server: all but where it is."""
    where = ("address", "nodes", "sentinels", "sentinel_kwargs", "master_name")
    return {name: value for name, value in server.items() if name not in where}


def _retries(number: int) -> Any:
    """Returns how often redis-py tries again, at once."""
    from redis.backoff import NoBackoff  # installed only where the layer is on Redis
    from redis.retry import Retry

    return Retry(NoBackoff(), number)
