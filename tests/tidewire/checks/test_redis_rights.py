"""The rights of a user of Redis: what the pages name suffices for all parts, and nothing of it is needless."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster
from tests.rig.redis_sentinel import RedisBehindSentinel
from tests.rig.redis_user import PASSWORD, RedisUser
from tests.rig.site import ROOT
from tests.tidewire.redis_parts import diagnose, found, server_of, use_everything
from tidewire.checks import redis_commands, redis_servers

ENDS = ("+discard", "+unsubscribe", "+sunsubscribe")
"""Commands that undo another one. Nothing tells when they are refused, until they are used."""


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Redis]:
    server = servers.start_redis()
    yield server
    server.stop()


@pytest.fixture(params=["single", "cluster"])
def user(request: pytest.FixtureRequest) -> Iterator[RedisUser]:
    if request.param == "cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        user = RedisUser(cluster.nodes, cluster.url, redis_commands.CLUSTER_RULE)
    else:
        server: servers.Redis = request.getfixturevalue("redis")
        user = RedisUser([server], server.url, redis_commands.RULE)
    yield user
    user.remove()


async def test_all_parts_do_their_work_with_the_named_rights(user: RedisUser) -> None:
    """The servers keep a list of what they refuse: it stays empty."""
    url = user.allow(user.rule)
    assert found(url) == []
    await use_everything(url)
    assert user.denied() == set()


def test_the_doctor_finds_no_fault_in_them(user: RedisUser) -> None:
    """It asks for more, such as the configuration, and goes on where it may not see it."""
    assert diagnose(user.allow(user.rule)) == []


@pytest.mark.slow
def test_each_of_them_is_needed(user: RedisUser) -> None:
    needless = [
        right for right in user.rule.split() if right not in ENDS and not found(user.allow(without(user.rule, right)))
    ]
    assert needless == []


def without(rule: str, right: str) -> str:
    return " ".join(word for word in rule.split() if word != right)


def test_a_missing_right_is_named(user: RedisUser) -> None:
    (problem, *_) = list(redis_servers.look_at(server_of(user.allow(without(user.rule, "+hset")))))
    assert (problem.id, "HSET" in str(problem.msg)) == ("tidewire.E155", True)
    assert str(problem.hint).endswith(user.rule)


def test_another_database_needs_one_right_more(redis: servers.Redis) -> None:
    user = RedisUser([redis], redis.url.removesuffix("/0") + "/1", redis_commands.RULE)
    (problem,) = redis_servers.look_at(server_of(user.allow(user.rule)))
    assert (problem.id, "select" in str(problem.msg)) == ("tidewire.E155", True)
    assert found(user.allow(f"{user.rule} +select")) == []
    user.remove()


def test_a_user_of_a_sentinel_needs_one_command() -> None:
    behind = RedisBehindSentinel()
    login, url = ("watcher", PASSWORD), behind.url()
    user = ("ACL", "SETUSER", "watcher", "on", f">{PASSWORD}", "-@all")
    behind.sentinel.ask(*user, redis_commands.SENTINEL_RULE)
    assert found(url, sentinel=login) == []
    assert diagnose(url, sentinel=login) == []
    behind.sentinel.ask(*user)
    (problem,) = redis_servers.look_at(server_of(url, sentinel=login))
    assert (problem.id, redis_commands.SENTINEL_RULE in str(problem.hint)) == ("tidewire.E155", True)
    behind.stop()


def test_the_page_names_these_rights() -> None:
    (code,) = [block.code for block in blocks(ROOT / "docs" / "scaling.md") if "ACL SETUSER" in block.code]
    assert [line for line in code.splitlines() if line] == [
        f"ACL SETUSER tidewire on >password {_with_none_before(redis_commands.RULE)}",
        f"ACL SETUSER tidewire on >password {_with_none_before(redis_commands.CLUSTER_RULE)}",
        f"ACL SETUSER watcher on >password {_with_none_before(redis_commands.SENTINEL_RULE)}",
    ]


def _with_none_before(rule: str) -> str:
    """Takes all commands away before some are given."""
    return rule.replace("+", "-@all +", 1)


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
