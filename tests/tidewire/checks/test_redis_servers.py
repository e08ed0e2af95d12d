"""The start refuses a Redis that cannot do what is asked of it, and says what to write instead."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from api.auth.request_counters import ClusterCounter, RedisCounter
from backend.stores import channel_layer
from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster
from tests.rig.redis_sentinel import RedisBehindSentinel
from tests.tidewire.layer.test_layer_contract import Backend, Mailbox
from tidewire.checks import redis_commands, redis_servers
from tidewire.delivery.presence_servers import Cluster, Shards
from tidewire.delivery.presence_stores import RedisStore
from tidewire.layer import redis_clients
from tidewire.protocol.pushes import ClientInfo

PASSWORD, SENTINEL_PASSWORD = "a,b@c/d?e", "s#1:2"


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Redis]:
    server = servers.start_redis()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def behind() -> Iterator[RedisBehindSentinel]:
    behind = RedisBehindSentinel(replicas=1, password=PASSWORD, own_password=SENTINEL_PASSWORD)
    yield behind
    behind.stop()


def server_of(url: str, **options: Any) -> redis_clients.Server:
    (server,) = channel_layer(url, **options)["CONFIG"]["hosts"]
    return server


def found(url: str, **options: Any) -> list[str]:
    """Returns the ids of what is wrong."""
    problems = list(redis_servers.look_at(server_of(url, **options)))
    assert all(problem.hint for problem in problems)
    shown = " ".join(f"{problem.msg} {problem.hint}" for problem in problems)
    assert not any(secret in shown for secret in (PASSWORD, SENTINEL_PASSWORD, "secret"))
    return [str(problem.id).removeprefix("tidewire.") for problem in problems]


def test_what_works_has_no_fault(
    redis: servers.Redis, redis_cluster: RedisCluster, behind: RedisBehindSentinel
) -> None:
    assert found(redis.url) == []
    assert found(redis_cluster.url) == []
    assert found(behind.url(), sentinel=("", SENTINEL_PASSWORD)) == []
    (named,) = [f"{behind.url()}?sentinel_password=s%231%3A2"]
    assert found(named) == []


def test_servers_of_another_kind_are_refused(
    redis: servers.Redis, redis_cluster: RedisCluster, behind: RedisBehindSentinel
) -> None:
    node = redis_cluster.primaries[0]
    assert found(f"redis://127.0.0.1:{node.port}") == ["E151"]
    assert found(f"redis+cluster://127.0.0.1:{redis.port}") == ["E151"]
    assert found(f"redis://:{SENTINEL_PASSWORD}@127.0.0.1:{behind.sentinel.port}") == ["E152"]
    assert found(f"redis+sentinel://127.0.0.1:{redis.port}/mymaster") == ["E158"]
    assert found(f"redis://:{PASSWORD}@127.0.0.1:{behind.replicas[0].port}") == ["E153"]


def test_passwords_that_are_wrong_or_missing_are_refused(behind: RedisBehindSentinel) -> None:
    asking = {"sentinel": ("", SENTINEL_PASSWORD)}
    assert found(f"redis://:secret@127.0.0.1:{behind.primary.port}") == ["E150"]
    assert found(f"redis://127.0.0.1:{behind.primary.port}") == ["E150"]
    assert found(behind.url()) == ["E157"]
    assert found(behind.url(), sentinel=("", "secret")) == ["E157"]
    assert found(behind.url().replace(":a%2Cb", ":secret"), **asking) == ["E150"]


def test_a_primary_that_the_sentinels_do_not_know_is_refused(behind: RedisBehindSentinel) -> None:
    (problem,) = redis_servers.look_at(server_of(behind.url("other"), sentinel=("", SENTINEL_PASSWORD)))
    assert (problem.id, "'other'" in str(problem.msg), "mymaster" in str(problem.hint)) == ("tidewire.E159", True, True)


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1", "redis+cluster://127.0.0.1:1", "redis+sentinel://127.0.0.1:1/m"]
)
def test_a_server_that_does_not_answer_keeps_nothing_from_starting(url: str) -> None:
    assert set(found(url)) == {"I150"}


def test_keys_that_may_be_dropped_are_warned_of(redis: servers.Redis) -> None:
    redis.ask("CONFIG", "SET", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")
    assert found(redis.url) == ["W156"]
    redis.ask("CONFIG", "SET", "maxmemory", "0")
    assert found(redis.url) == []


# -- rights ------------------------------------------------------------------------------------------------------------


def commands_of(rule: str) -> list[str]:
    return [word for word in rule.split() if word.startswith("+")]


@pytest.fixture(params=["single", "cluster"])
def allowed(request: pytest.FixtureRequest) -> Any:
    """`allowed(rule)` makes a user with these rights only, and returns the URL with which it signs in."""
    cluster = request.getfixturevalue("redis_cluster") if request.param == "cluster" else None
    nodes = cluster.nodes if cluster else [request.getfixturevalue("redis")]

    def make(rule: str) -> str:
        for node in nodes:
            node.ask("ACL", "SETUSER", "tidewire", "reset", "on", ">p:w", "-@all", *rule.split())
        return (cluster or nodes[0]).url.replace("://", "://tidewire:p:w@")

    make.rule = redis_commands.CLUSTER_RULE if cluster else redis_commands.RULE
    yield make
    for node in nodes:
        node.ask("ACL", "DELUSER", "tidewire")


@pytest.mark.slow
def test_the_named_rights_suffice_and_each_is_needed(allowed: Any) -> None:
    assert found(allowed(allowed.rule)) == []
    needless = [
        right
        for right in allowed.rule.split()
        if right not in ("+discard", "+unsubscribe", "+sunsubscribe")
        and not found(allowed(without(allowed.rule, right)))
    ]
    assert needless == []


def without(rule: str, right: str) -> str:
    return " ".join(word for word in rule.split() if word != right)


def test_a_missing_right_is_named(allowed: Any) -> None:
    (server, *_) = list(redis_servers.look_at(server_of(allowed(without(allowed.rule, "+hset")))))
    assert (server.id, "HSET" in str(server.msg)) == ("tidewire.E155", True)


@pytest.mark.parametrize("kind", ["single", "cluster"])
async def test_the_trial_uses_the_commands_that_the_parts_use(
    kind: str, redis: servers.Redis, redis_cluster: RedisCluster
) -> None:
    """What a server counts while everything works is what it counts while it is tried."""
    nodes = redis_cluster.nodes if kind == "cluster" else [redis]
    url = redis_cluster.url if kind == "cluster" else redis.url
    reset_counts(nodes)
    await use_everything(url)
    used = counts(nodes)
    reset_counts(nodes)
    list(redis_servers.look_at(server_of(url)))
    assert used == counts(nodes)


def reset_counts(nodes: list[servers.Redis]) -> None:
    for node in nodes:
        node.ask("CONFIG", "RESETSTAT")


def counts(nodes: list[servers.Redis]) -> set[str]:
    """Returns the commands that were run, without those of this test and of redis-py's connections."""
    names = {name.removeprefix("cmdstat_") for node in nodes for name in node.ask("INFO", "commandstats")}
    others = ("info", "hello", "auth", "config|", "client|", "ping", "cluster|", "command", "replconf", "psync")
    return {name for name in names if not name.startswith(others)}


async def use_everything(url: str) -> None:
    backend, server = Backend(url), server_of(url)
    layer = backend.layer()
    mailbox = await Mailbox(layer).open("tw.room.1")
    await layer.group_discard("tw.room.1", mailbox.name)
    await layer.send(mailbox.name, {"type": "end"})
    assert await mailbox.next() == {"type": "end"}
    await layer.flush()

    client = None if redis_clients.is_cluster(server) else redis_clients.client(server)
    cluster = Cluster(lambda: redis_clients.cluster_client(server)) if client is None else None
    store, info = RedisStore(cluster or Shards([client])), ClientInfo("user", "client")
    await store.put([("room:1", info)])
    assert await store.read("room:1") == {"client": info}
    await store.remove([("room:1", info)])
    await (cluster or client).aclose()

    counting = redis_clients.blocking_client(server, 5.0)
    counter = RedisCounter(counting) if client else ClusterCounter(lambda: counting)
    counter.count(["a"])
    assert counter.hold("b", 5) == 0.0
    assert counter.seconds_left("b") > 0
    counter.release("b")
    counting.close()
