"""Compose's Redis, started with the script of deploy/docker-compose.yml: it allows what Tidewire uses, and no more."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import yaml
from channels_redis.pubsub import RedisPubSubChannelLayer

from api.auth.request_counters import RedisCounter
from tests.rig import servers
from tests.rig.site import ROOT
from tests.tidewire.serve.served import wait_until
from tidewire.delivery.presence_servers import Shards
from tidewire.delivery.presence_stores import RedisStore
from tidewire.layer.messages import ClientInfo

REFUSED = [
    *(["FLUSHALL"], ["FLUSHDB"], ["CONFIG", "GET", "*"], ["EVAL", "return 1", "0"], ["EVALSHA", "0" * 40, "0"]),
    *(
        ["SCRIPT", "LOAD", "return 1"],
        ["KEYS", "*"],
        ["SCAN", "0"],
        ["MONITOR"],
        ["SHUTDOWN"],
        ["SAVE"],
        ["DEBUG", "SLEEP", "0"],
    ),
    *(["REPLICAOF", "127.0.0.1", "1"], ["ACL", "LIST"], ["MODULE", "LIST"], ["CLIENT", "LIST"], ["SORT", "tidewire:x"]),
    *(["SET", "other", "1"], ["PUBLISH", "other", "1"], ["HGETALL", "other"], ["RENAME", "tidewire:a", "tidewire:b"]),
]


class ComposeRedis:
    """The container's program, with a folder of the test in place of /data."""

    def __init__(self, folder: Path, password: str) -> None:
        binaries = servers.find_redis()
        service = yaml.safe_load((ROOT / "deploy" / "docker-compose.yml").read_text())["services"]["redis"]
        self.port = servers.free_port()
        self.folder = folder
        script = service["command"][0].replace("$$", "$").replace("/data", str(folder))
        # Redis 7 refuses DEBUG to all users unless it is enabled. Here the access list must refuse it.
        options = f"--port {self.port} --bind 127.0.0.1 --dir {folder} --enable-debug-command yes"
        script = script.replace("redis-server", f"redis-server {options}")
        environment = {"PATH": f"{binaries.folder}:{os.environ['PATH']}", "REDIS_PASSWORD": password}
        self.process = servers.spawn([*service["entrypoint"], script], log=folder / "log", env=environment)
        self.url = f"redis://:{password}@127.0.0.1:{self.port}/0"

    def is_answering(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(64).startswith(b"-NOAUTH")
        except OSError:
            return False


@pytest.fixture(scope="module")
def password() -> str:
    return secrets.token_hex(24)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, password: str) -> Iterator[ComposeRedis]:
    server = ComposeRedis(tmp_path_factory.mktemp("redis"), password)
    assert wait_until(server.is_answering, 20), (server.folder / "log").read_text()
    yield server
    servers.end(server.process, 15)


@pytest.fixture
def client(server: ComposeRedis) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(server.url) as client:
        yield client


@pytest.mark.parametrize("command", REFUSED, ids=" ".join)
def test_a_command_that_tidewire_does_not_use_is_refused(client: redis.Redis, command: list[str]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)


def test_a_wrong_password_is_refused(server: ComposeRedis) -> None:
    with pytest.raises(redis.exceptions.AuthenticationError):
        redis.Redis(port=server.port, password="wrong").ping()


def test_requests_are_counted(client: redis.Redis) -> None:
    counter = RedisCounter(client)

    assert counter.count(["a"], 2)[0][0] == 2
    assert counter.count(["a"])[0][0] == 3
    assert counter.hold("b", 5) == 0.0
    assert counter.seconds_left("b") > 0
    counter.release("b")
    assert counter.hold("b", 5) == 0.0


async def test_presence_is_stored(server: ComposeRedis) -> None:
    async with redis.asyncio.Redis.from_url(server.url) as client:
        store, info = RedisStore(Shards([client])), ClientInfo("user", "client")
        await store.put([("room:1", info)])
        assert await store.read("room:1") == {"client": info}
        await store.remove([("room:1", info)])
        assert await store.read("room:1") == {}


async def test_the_channel_layer_delivers(server: ComposeRedis) -> None:
    layer = RedisPubSubChannelLayer(hosts=[server.url], prefix="tidewire")
    mailbox = await layer.new_channel()
    await layer.group_add("room", mailbox)
    await layer.group_send("room", {"type": "event"})

    assert await layer.receive(mailbox) == {"type": "event"}
    await layer.group_discard("room", mailbox)
    await layer.flush()


def test_no_process_shows_the_password(server: ComposeRedis, password: str) -> None:
    assert server.folder.joinpath("users.acl").stat().st_mode & 0o077 == 0
    assert password not in server.folder.joinpath("users.acl").read_text()
    shown = [path.read_bytes() for path in Path(f"/proc/{server.process.pid}").glob("cmdline")]
    assert shown
    assert password.encode() not in b"".join(shown)
    text = (ROOT / "deploy" / "docker-compose.yml").read_text()
    redis_service = yaml.safe_load(text)["services"]["redis"]
    assert "${REDIS_PASSWORD" not in str(redis_service["command"]) + str(redis_service["healthcheck"])
    assert " -a " not in str(redis_service["healthcheck"])
