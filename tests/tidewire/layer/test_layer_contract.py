"""What a channel layer must do for the publisher and the hub, on every backend that `REDIS_URL` can name."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from backend.redis_urls import Files
from tests.rig.redis_kinds import ALL, KINDS, binaries_of, start
from tests.rig.verify import IS_VERIFY
from tests.tidewire.layer.mailboxes import WAIT_SECONDS, Backend, Mailbox

BACKENDS = [("", "memory"), *(ALL if IS_VERIFY else [("found", kind) for kind in KINDS])]
"""(program of the servers, what they are). `found` is the first program that is found; `make verify` runs Valkey's and
Debian's Redis."""
GROUPS = [f"tw.room.{number}" for number in range(60)]
"""Enough for each shard and each node of a cluster to have some."""


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
            yield start(kind, binaries_of(name), servers_of_test)


@pytest.fixture
async def backend(made: tuple[str, Files | None]) -> AsyncIterator[Backend]:
    backend = Backend(*made)
    yield backend
    for layer in backend.layers:
        await layer.flush()


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
    await mailbox.until_heard(here, GROUPS[0])


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
    await mailbox.until_heard(here, GROUPS[0])


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
async def test_a_message_arrives_as_it_was_sent(backend: Backend, size: int) -> None:
    here, there = backend.layer(), backend.layer()
    mailbox = await Mailbox(there).open(GROUPS[0])
    message = {"type": "any", "bytes": b"\x00\xff\r\n" * (size // 4), "time": 1.5, "none": None, "text": "ü", "n": -1}
    await here.group_send(GROUPS[0], message)
    assert await mailbox.next() == message


async def test_a_group_without_members_takes_messages(backend: Backend) -> None:
    await backend.layer().group_send("tw.room.empty", said(1))


@pytest.mark.slow
async def test_a_layer_is_closed_while_it_works(made: tuple[str, Files | None]) -> None:
    """Whatever its connections do in that moment, `flush` returns."""
    for _ in range(20):
        layer = Backend(*made).layer()
        mailbox = await layer.new_channel("test")
        for group in GROUPS[:12]:
            await layer.group_add(group, mailbox)
        for group in GROUPS[:12]:
            await layer.group_discard(group, mailbox)
        async with asyncio.timeout(WAIT_SECONDS):
            await layer.flush()


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
