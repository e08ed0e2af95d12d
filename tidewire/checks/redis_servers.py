"""Looks whether the Redis servers of the channel layer can do what is asked of them: a check of the deployment.

Only what a server has answered is an error. One that does not answer is only mentioned, because a server of Tidewire
starts without Redis, and events arrive by the poll until it is there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from django.core import checks

from tidewire.checks import redis_commands
from tidewire.layer import redis_clients

WAIT_SECONDS = 1.0
"""How long the start waits for each answer of Redis."""
SHARDED_VERSION = 7
"""The first Redis with sharded publish/subscribe. Valkey has it from its beginning."""
PASSING_CODES = ("BUSY", "MISCONF", "NOREPLICAS")
"""With which a server begins its answer while a script runs, its disk fails or its replicas are away."""

Found = Iterator[checks.CheckMessage]


@checks.register("tidewire", deploy=True)
def check_redis(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses servers that are of another kind than REDIS_URL says, replicas, a user without the needed rights, a
    cluster without sharded publish/subscribe, and a primary that the sentinels do not know.

    A worker does not look: its supervisor has, and a worker that takes the place of another must start also while Redis
    is in trouble.
    """
    if any(argument.startswith("--supervisor-fd") for argument in sys.argv):
        return []
    return [problem for server in redis_clients.servers() for problem in look_at(server)]


def look_at(server: redis_clients.Server) -> Found:
    """Yields what is wrong with one server, with a primary and its sentinels, or with a cluster."""
    from redis.exceptions import RedisClusterException, RedisError  # installed only where the layer is on Redis

    name, is_cluster = redis_clients.name_of(server), redis_clients.is_cluster(server)
    if "sentinels" in server:
        problems = list(_look_at_sentinels(server))
        yield from problems
        if any(problem.level >= checks.ERROR for problem in problems):
            return
    try:
        client = redis_clients.blocking_client(server, WAIT_SECONDS)
        with client:
            yield from _look_at_cluster(client, name) if is_cluster else _look_at_one(client, name)
    except (RedisError, RedisClusterException, OSError) as failure:
        yield _failed(name, failure, _rule(is_cluster))


def _look_at_one(client: Any, name: str) -> Found:
    hello = _hello(client)
    if hello["mode"] == "cluster":
        yield _error(
            "E151",
            f"{name} is a node of a Redis Cluster, and REDIS_URL names it as a single server: it would refuse the keys "
            "of other nodes, so that presence and quotas were incomplete",
            "Write redis+cluster:// instead of redis://, with some of the nodes between commas.",
        )
    elif hello["mode"] == "sentinel":
        yield _error(
            "E152",
            f"{name} is a Sentinel, and REDIS_URL names it as a Redis",
            f"Write redis+sentinel://{name.partition('/')[0]}/NAME/0 with the name that it has for the primary.",
        )
    elif hello["role"] != "master":
        yield _error(
            "E153",
            f"{name} is a replica, which refuses to be written to",
            "Name the primary, or let Sentinel name it: redis+sentinel://.",
        )
    else:
        yield from _look_at_rights(client, name, redis_commands.new_key(), is_cluster=False)
        yield from _look_at_memory(client, name)


def _look_at_cluster(cluster: Any, name: str) -> Found:
    """Looks at every primary: rights and versions may differ."""
    for node in cluster.get_primaries():
        client, place = cluster.get_redis_connection(node), f"{node.name} of {name}"
        hello = _hello(client)
        if hello["server"] == "redis" and int(hello["version"].partition(".")[0]) < SHARDED_VERSION:
            yield _error(
                "E154",
                f"{place} is Redis {hello['version']}, which has no sharded publish/subscribe",
                f"Use Redis {SHARDED_VERSION} or newer, or Valkey; or single servers, which need none.",
            )
            continue
        key = redis_commands.new_key()
        while cluster.get_node_from_key(key) != node:
            key = redis_commands.new_key()
        yield from _look_at_rights(client, place, key, is_cluster=True)
        yield from _look_at_memory(client, place)


def _look_at_rights(client: Any, name: str, key: str, *, is_cluster: bool) -> Found:
    denied = redis_commands.refused(client, key, is_cluster)
    if denied:
        yield _error(
            "E155",
            f"{name} refuses to its user, with the keys and channels of Tidewire: {', '.join(denied)}",
            f"ACL SETUSER with: {_rule(is_cluster)}",
        )


def _rule(is_cluster: bool) -> str:
    return redis_commands.CLUSTER_RULE if is_cluster else redis_commands.RULE


def _look_at_memory(client: Any, name: str) -> Found:
    from redis.exceptions import ResponseError  # installed only where the layer is on Redis

    try:
        memory = client.info("memory")
    except ResponseError:  # INFO is not among the rights that Tidewire needs
        return
    policy = memory.get("maxmemory_policy", "noeviction")
    if int(memory.get("maxmemory", 0)) and policy != "noeviction":
        yield _warning(
            "W156",
            f"{name} drops keys when its memory is full (maxmemory-policy {policy}): clients would vanish from "
            "presence, and spent quotas be forgotten",
            "CONFIG SET maxmemory-policy noeviction, on a server that serves nothing else.",
        )


# -- sentinels ---------------------------------------------------------------------------------------------------------


def _look_at_sentinels(server: redis_clients.Server) -> Found:
    """Asks each sentinel for the primary. One that does not answer is no fault while another one does."""
    from redis.exceptions import AuthenticationError, RedisError  # installed only where the layer is on Redis

    for host, port in server["sentinels"]:
        place = redis_clients.place_of(host, port)
        one = {**(server.get("sentinel_kwargs") or {}), "host": host, "port": port}
        with redis_clients.blocking_client(one, WAIT_SECONDS) as sentinel:
            try:
                yield from _look_at_sentinel(sentinel, place, server["master_name"])
            except AuthenticationError as failure:
                yield _error(
                    "E157",
                    f"the Sentinel {place} refuses its password: {failure}",
                    "Set REDIS_SENTINEL_PASSWORD, and REDIS_SENTINEL_USERNAME where it has users.",
                )
            except (RedisError, OSError) as failure:
                yield _failed(f"the Sentinel {place}", failure, redis_commands.SENTINEL_RULE)


def _look_at_sentinel(sentinel: Any, place: str, name: str) -> Found:
    if _hello(sentinel)["mode"] != "sentinel":
        yield _error(
            "E158",
            f"{place} is a Redis, and REDIS_URL names it as a Sentinel",
            "Name the sentinels, which listen on port 26379 by default; or write redis:// for this server alone.",
        )
        return
    known = sorted(map(_text, sentinel.sentinel_masters()))
    if name not in known:
        yield _error(
            "E159",
            f"the Sentinel {place} knows no primary {name!r}",
            f"It knows: {', '.join(known) or 'none'}. The name stands behind the hosts in REDIS_URL.",
        )


# -- answers -----------------------------------------------------------------------------------------------------------


def _hello(client: Any) -> dict[str, str]:
    """Returns what a server says of itself: `server`, `version`, `mode`, `role`. Every user may ask this."""
    answer = client.execute_command("HELLO")
    pairs = answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
    found = {_text(name): _text(value) for name, value in pairs}
    return {"server": "redis", "version": "0", "mode": "standalone", "role": "master"} | found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _failed(name: str, failure: Exception, rule: str) -> checks.CheckMessage:
    """Returns an error for what will not pass by itself, and mentions what may. `rule` is what its user needs."""
    from redis import exceptions  # installed only where the layer is on Redis

    cause = failure.__cause__ or failure
    if isinstance(cause, exceptions.AuthenticationError):
        return _error("E150", f"{name} refuses the user or the password of REDIS_URL: {cause}", "Correct REDIS_URL.")
    if isinstance(cause, exceptions.NoPermissionError):
        return _error("E155", f"{name} refuses to its user: {cause}", f"ACL SETUSER with: {rule}")
    if "Cluster mode is not enabled" in str(cause):
        return _error(
            "E151",
            f"{name} is a single server, and REDIS_URL names it as a cluster",
            "Write redis:// instead of redis+cluster://. Several single servers are shards: one URL each.",
        )
    if _is_answer(cause):
        return _error(
            "E154",
            f"{name} does not do what Redis {SHARDED_VERSION} does: {cause}",
            f"Use Redis {SHARDED_VERSION} or newer, or Valkey, with all its commands under their names.",
        )
    return checks.Info(
        f"{name} does not answer: {failure or type(failure).__name__}",
        hint="Compare REDIS_URL and the firewall. Servers start all the same, and events arrive by the poll meanwhile.",
        id="tidewire.I150",
    )


def _is_answer(failure: BaseException) -> bool:
    """Returns whether a server has answered that it will not do something, rather than that it cannot just now: for
    that redis-py has exceptions of their own, as for a slot that moves or a primary that has become a replica."""
    from redis.exceptions import ResponseError  # installed only where the layer is on Redis

    return type(failure) is ResponseError and str(failure).partition(" ")[0] not in PASSING_CODES


def _error(id: str, text: str, hint: str) -> checks.Error:
    return checks.Error(text, hint=hint, id=f"tidewire.{id}")


def _warning(id: str, text: str, hint: str) -> checks.Warning:
    return checks.Warning(text, hint=hint, id=f"tidewire.{id}")
