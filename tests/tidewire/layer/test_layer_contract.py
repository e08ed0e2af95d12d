"""What a channel layer must do for the publisher and the hub, on every backend that `REDIS_URL` can name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.utils.module_loading import import_string

from backend.stores import channel_layer
from tests.rig import servers
from tests.rig.redis_sentinel import RedisBehindSentinel

WAIT_SECONDS = 10.0
BACKENDS = ("memory", "redis", "shards", "cluster", "sentinel")
GROUPS = [f"tw.room.{number}" for number in range(60)]
"""Enough for each shard and each node of a cluster to have some."""


class Backend:
    """`layer()` returns the layer of one process more. In memory there is one process only."""

    def __init__(self, url: str) -> None:
        self.url, self.layers = url, list[Any]()

    def layer(self) -> Any:
        if self.url or not self.layers:
            settings = channel_layer(self.url)
            self.layers.append(import_string(settings["BACKEND"])(**settings["CONFIG"]))
        return self.layers[-1]


@pytest.fixture(scope="module")
def redis() -> Iterator[servers.Redis]:
    server = servers.start_redis()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sentinel() -> Iterator[RedisBehindSentinel]:
    behind = RedisBehindSentinel(password="a,b@c/d?e")
    yield behind
    behind.stop()


@pytest.fixture(scope="module", params=BACKENDS)
def url(request: pytest.FixtureRequest) -> str:
    """REDIS_URL of each backend."""
    if request.param == "memory":
        return ""
    if request.param == "cluster":
        return request.getfixturevalue("redis_cluster").url
    if request.param == "sentinel":
        return request.getfixturevalue("sentinel").url()
    return ",".join([request.getfixturevalue("redis").url] * (2 if request.param == "shards" else 1))


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    backend = Backend(url)
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


def test_a_layer_serves_one_event_loop_after_the_other(url: str) -> None:
    """As in a process whose shell publishes from a thread, and in tests. Each loop closes its connections."""
    backend = Backend(url)
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
