"""A user and a password of Redis may hold any character, with every kind of server that `REDIS_URL` can name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest

from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster
from tests.rig.redis_sentinel import RedisBehindSentinel
from tests.tidewire.redis_parts import found, use_everything

USER = "ann@b/c?d#é"
PASSWORD = "@:/?#%,&=+;'\"\\ [ü€密]%41,redis://"
PLAIN = "@:/?#%,&=+;'\"\\ [ü€密]"
"""What may be written as it is."""


@dataclass(frozen=True)
class Kind:
    """Servers of one kind. `url` makes their URL from user and password, as they are written there."""

    nodes: list[servers.Redis]
    url: Callable[[str], str]
    sentinel: servers.Redis | None = None


@pytest.fixture(scope="module")
def single() -> Iterator[Kind]:
    server = servers.start_redis()
    yield Kind([server], lambda login: server.url.replace("://", f"://{login}@"))
    server.stop()


@pytest.fixture(scope="module")
def socket() -> Iterator[Kind]:
    path = servers.folder_of_servers("socket") / "redis.sock"
    server = servers.start_redis(None, "--unixsocket", path)
    yield Kind([server], lambda login: f"unix://{login}@{path}?db=0")
    server.stop()


@pytest.fixture(scope="module")
def shards() -> Iterator[Kind]:
    started = [servers.start_redis() for _ in range(2)]
    yield Kind(started, lambda login: ",".join(each.url.replace("://", f"://{login}@") for each in started))
    for server in started:
        server.stop()


@pytest.fixture(scope="module")
def cluster(redis_cluster: RedisCluster) -> Kind:
    return Kind(redis_cluster.nodes, lambda login: redis_cluster.url.replace("://", f"://{login}@"))


@pytest.fixture(scope="module")
def sentinel() -> Iterator[Kind]:
    behind = RedisBehindSentinel()
    yield Kind([behind.primary], lambda login: behind.url().replace("://", f"://{login}@"), behind.sentinel)
    behind.stop()


@pytest.fixture(params=["single", "socket", "shards", "cluster", "sentinel"])
def kind(request: pytest.FixtureRequest) -> Iterator[Kind]:
    kind: Kind = request.getfixturevalue(request.param)
    yield kind
    for node in kind.nodes:
        node.ask("ACL", "DELUSER", USER)


def give(kind: Kind, password: str) -> None:
    for node in (*kind.nodes, *([kind.sentinel] if kind.sentinel else [])):
        node.ask("ACL", "SETUSER", USER, "reset", "on", f">{password}", "~*", "&*", "+@all")


@pytest.mark.slow
async def test_all_parts_sign_in_with_any_password(kind: Kind) -> None:
    give(kind, PASSWORD)
    url = kind.url(f"{quote(USER, safe='')}:{quote(PASSWORD, safe='')}")
    asking = (USER, PASSWORD) if kind.sentinel else ("", "")
    assert found(url, (PASSWORD,), sentinel=asking) == []
    await use_everything(url, sentinel=asking)


@pytest.mark.slow
def test_a_password_may_be_written_as_it_is(kind: Kind) -> None:
    give(kind, PLAIN)
    assert found(kind.url(f"{USER}:{PLAIN}"), (PLAIN,)) == []


@pytest.mark.slow
def test_another_password_is_refused_and_not_shown(kind: Kind) -> None:
    give(kind, PASSWORD)
    assert set(found(kind.url(f"{USER}:{PLAIN}"), (PLAIN, quote(PLAIN, safe="")))) == {"E150"}


def test_the_password_of_a_sentinel_may_stand_in_an_option(sentinel: Kind) -> None:
    give(sentinel, PASSWORD)
    login, name = quote(PASSWORD, safe=""), quote(USER, safe="")
    options = f"?sentinel_username={name}&sentinel_password={login}"
    assert found(sentinel.url(f"{name}:{login}") + options, (PASSWORD,)) == []
