"""What a channel layer must do for the publisher and the hub, on every backend that `REDIS_URL` can name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils.module_loading import import_string

from backend.redis_urls import Files
from backend.stores import channel_layer
from tests.rig import servers
from tests.rig.certificates import make_certificate
from tests.rig.redis_cluster import start_cluster, tls_options
from tests.rig.redis_sentinel import RedisBehindSentinel
from tests.rig.verify import IS_VERIFY, program

WAIT_SECONDS = 10.0
KINDS = ("redis", "shards", "cluster", "sentinel")
SERVERS = (
    *(("valkey", kind) for kind in KINDS),
    *(("redis", kind) for kind in (*KINDS, "tls", "tls-cluster")),  # the wheel's Valkey was built without TLS
)
BACKENDS = [("", "memory"), *(SERVERS if IS_VERIFY else [("found", kind) for kind in KINDS])]
"""(program of the servers, what they are). `found` is the first program that is found; `make verify` runs Valkey's and
Debian's Redis."""
GROUPS = [f"tw.room.{number}" for number in range(60)]
"""Enough for each shard and each node of a cluster to have some."""


class Backend:
    """`layer()` returns the layer of one process more. In memory there is one process only."""

    def __init__(self, url: str, files: Files | None = None) -> None:
        self.url, self.files, self.layers = url, files, list[Any]()

    def layer(self) -> Any:
        if self.url or not self.layers:
            settings = channel_layer(self.url, self.files)
            self.layers.append(import_string(settings["BACKEND"])(**settings["CONFIG"]))
        return self.layers[-1]


def binaries_of(name: str) -> servers.Binaries:
    if name == "valkey":
        return servers.find_redis(path="")
    if name == "redis":
        return servers.Binaries(Path(program("redis-server", "redis-server")).parent)
    return servers.find_redis()


@pytest.fixture(scope="module", params=BACKENDS, ids=" ".join)
def made(request: pytest.FixtureRequest) -> Iterator[tuple[str, Files | None]]:
    """REDIS_URL of each backend, and the files that it needs."""
    name, kind = request.param
    if kind == "memory":
        yield "", None
    elif (name, kind) == ("found", "cluster"):
        yield request.getfixturevalue("redis_cluster").url, None
    else:
        with contextlib.ExitStack() as servers_of_test:
            yield _start(kind, binaries_of(name), servers_of_test)


def _start(kind: str, binaries: servers.Binaries, ending: contextlib.ExitStack) -> tuple[str, Files | None]:
    certificate = make_certificate() if kind.startswith("tls") else None
    files = certificate and Files(*map(str, (certificate.authority, certificate.certificate, certificate.key)))
    if kind.endswith("cluster"):
        cluster = start_cluster(binaries=binaries, certificate=certificate)
        ending.callback(cluster.stop)
        return cluster.url, files
    if kind == "sentinel":
        behind = RedisBehindSentinel(password="a,b@c/d?e", binaries=binaries)
        ending.callback(behind.stop)
        return behind.url(), None
    port = servers.free_port()
    server = servers.start_redis(binaries, *(tls_options(certificate, port) if certificate else ()))
    ending.callback(server.stop)
    url = f"rediss://127.0.0.1:{port}" if certificate else server.url
    return ",".join([url] * (2 if kind == "shards" else 1)), files


@pytest.fixture
async def backend(made: tuple[str, Files | None]) -> AsyncIterator[Backend]:
    backend = Backend(*made)
    yield backend
    for layer in backend.layers:
        await layer.flush()


class Mailbox:
    """A mailbox of one process. One task receives for ever: channels_redis forgets a mailbox whose receiver ends."""

    def __init__(self, layer: Any) -> None:
        self.layer, self.name = layer, ""
        self._received: asyncio.Queue[Any] = asyncio.Queue()

    async def open(self, *groups: str) -> Mailbox:
        """Joins groups, and returns when what is sent to them arrives: channels_redis waits for no confirmation."""
        self.name = await self.layer.new_channel("test")
        self._task = asyncio.create_task(self._receive())
        for group in groups:
            await self.layer.group_add(group, self.name)
        for group in groups:
            heard = False
            while not heard:
                await self.layer.group_send(group, {"type": "probe", "mailbox": self.name})
                heard = await self._hears_probe()
        return self

    async def _hears_probe(self) -> bool:
        try:
            async with asyncio.timeout(0.1):
                while (await self._received.get()).get("mailbox") != self.name:
                    pass
        except TimeoutError:
            return False
        return True

    async def _receive(self) -> None:
        while True:
            self._received.put_nowait(await self.layer.receive(self.name))

    async def next(self) -> Any:
        """Returns the next message that is no probe."""
        async with asyncio.timeout(WAIT_SECONDS):
            while (message := await self._received.get())["type"] == "probe":
                pass
        return message

    async def until(self, last: Any) -> list[Any]:
        """Returns the messages up to this one."""
        found = [await self.next()]
        while found[-1] != last:
            found.append(await self.next())
        return found


def said(number: int) -> dict[str, Any]:
    return {"type": "said", "number": number}


END = {"type": "end"}


async def test_a_group_reaches_each_of_its_mailboxes_once_and_in_order(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    mailboxes = [await Mailbox(layer).open(GROUPS[0]) for layer in (here, there)]
    for number in range(50):
        await here.group_send(GROUPS[0], said(number))
    await here.group_send(GROUPS[0], END)
    for mailbox in mailboxes:
        assert await mailbox.until(END) == [*map(said, range(50)), END]


async def test_other_groups_hear_nothing(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    stranger = await Mailbox(there).open(GROUPS[1])
    await Mailbox(there).open(GROUPS[0])
    await here.group_send(GROUPS[0], said(1))
    await here.group_send(GROUPS[1], END)
    assert await stranger.until(END) == [END]


async def test_groups_of_all_shards_and_nodes_are_reached(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    mailbox = await Mailbox(there).open(*GROUPS)
    for number, group in enumerate(GROUPS):
        await here.group_send(group, said(number))
    received = [(await mailbox.next())["number"] for _ in GROUPS]
    assert sorted(received) == list(range(len(GROUPS)))


async def test_a_mailbox_is_reached_by_its_name_alone(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    one, other = await Mailbox(there).open(GROUPS[0]), await Mailbox(there).open(GROUPS[0])
    await here.send(one.name, said(1))
    await here.group_send(GROUPS[0], END)
    assert await other.until(END) == [END]
    received = [await one.next(), await one.next()]  # in two groups, and so in any order
    assert said(1) in received
    assert END in received


async def test_a_mailbox_that_has_left_hears_nothing_and_may_come_back(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    mailbox = await Mailbox(there).open(GROUPS[0], GROUPS[1])
    await there.group_discard(GROUPS[0], mailbox.name)
    await there.group_discard(GROUPS[2], mailbox.name)  # in which it never was
    await here.group_send(GROUPS[0], said(1))
    await here.group_send(GROUPS[1], END)
    assert await mailbox.until(END) == [END]
    await there.group_add(GROUPS[0], mailbox.name)
    assert await heard(mailbox, here, GROUPS[0])


async def test_of_two_mailboxes_in_a_process_one_may_leave(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    leaving, staying = await Mailbox(there).open(GROUPS[0]), await Mailbox(there).open(GROUPS[0])
    await there.group_discard(GROUPS[0], leaving.name)
    await here.group_send(GROUPS[0], END)
    assert await staying.until(END) == [END]


async def test_joining_and_leaving_at_once_ends_as_the_last_call_says(backend: Backend) -> None:
    here, there = backend.layer(), backend.layer()
    mailbox = await Mailbox(there).open(GROUPS[0], GROUPS[1])
    for _ in range(20):
        await there.group_discard(GROUPS[0], mailbox.name)
        await there.group_add(GROUPS[0], mailbox.name)
    assert await heard(mailbox, here, GROUPS[0])


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
async def test_a_message_arrives_as_it_was_sent(backend: Backend, size: int) -> None:
    here, there = backend.layer(), backend.layer()
    mailbox = await Mailbox(there).open(GROUPS[0])
    message = {"type": "any", "bytes": b"\x00\xff\r\n" * (size // 4), "time": 1.5, "none": None, "text": "ü", "n": -1}
    await here.group_send(GROUPS[0], message)
    assert await mailbox.next() == message


async def test_a_group_without_members_takes_messages(backend: Backend) -> None:
    await backend.layer().group_send("tw.room.empty", said(1))


def test_a_layer_serves_one_event_loop_after_the_other(made: tuple[str, Files | None]) -> None:
    """As in a process whose shell publishes from a thread, and in tests. Each loop closes its connections."""
    backend = Backend(*made)
    layer = backend.layer()

    async def talk() -> None:
        mailbox = await Mailbox(layer).open(GROUPS[0])
        await layer.group_send(GROUPS[0], END)
        assert await mailbox.until(END) == [END]

    for _ in range(2):
        asyncio.run(talk())


async def heard(mailbox: Mailbox, sender: Any, group: str) -> bool:
    """Whether a message to a group that was joined just now arrives."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            await sender.group_send(group, {"type": "probe", "mailbox": mailbox.name})
            if await mailbox._hears_probe():
                return True
