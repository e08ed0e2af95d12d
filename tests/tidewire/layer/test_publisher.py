"""After COMMIT one small message per stream is sent, and no failure of a channel layer can fail or delay a write."""

import asyncio
import logging
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from channels_redis.pubsub import RedisPubSubChannelLayer

from tests.rig import servers
from tests.rig.site import ROOT, child_environment
from tests.tidewire.liveapp.models import Board
from tidewire.ground.positions import PAGE_EVENTS, Entry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ids import uuid7
from tidewire.layer import publisher as sending
from tidewire.layer import publishing
from tidewire.layer.messages import INLINE_BYTES, Ephemeral, Events, PresenceChanges, parse
from tidewire.layer.publisher import (
    EPHEMERAL_TURN,
    PRESENCE_CHANGES,
    QUEUE_EPHEMERAL,
    QUEUE_EVENTS,
    QUEUE_PRESENCE,
    Publisher,
)
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

WAIT_SECONDS = 10.0


def event(offset: int, stream: str = "board:1", payload: str = "{}", **changes: Any) -> RecordedEvent:
    fields = {
        "epoch": "e",
        "id": uuid7(),
        "type": "board.changed",
        "object": "",
        "ends_access": "",
        "revocation_offset": 0,
    }
    return RecordedEvent(**{"stream": stream, "offset": offset, "payload": payload, **fields, **changes})


def join(user: str) -> JoinPush:
    return JoinPush(ClientInfo(user, f"client of {user}"))


def events(stream: str, *entries: Entry) -> Events:
    return Events(stream, "e", list(entries))


@asynccontextmanager
async def running(publisher: Publisher) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(publisher.run())
    yield
    task.cancel()


async def until_idle(publisher: Publisher) -> None:
    """Waits until everything that was published so far is sent or dropped."""
    await asyncio.sleep(0)  # `publish` hands over to the loop
    while not publisher.is_idle:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@pytest.fixture
def patient(monkeypatch) -> None:
    """Lets sending take long, so that a busy machine does not decide."""
    monkeypatch.setattr(sending, "SEND_SECONDS", WAIT_SECONDS)


class Mailbox:
    """A member of the groups of some streams."""

    def __init__(self, layer: Any) -> None:
        self._layer = layer

    async def join(self, *groups: str) -> None:
        self.name = await self._layer.new_channel("test")
        for group in groups:
            await self._layer.group_add(group, self.name)

    async def receive(self) -> Any:
        """Returns the content of the next message."""
        return parse(await asyncio.wait_for(self._layer.receive(self.name), WAIT_SECONDS))

    async def offsets(self) -> list[int]:
        return [entry.offset for entry in (await self.receive()).entries]


# -- in a server's loop ----------------------------------------------------------------------------------------------


@pytest.fixture
async def layer() -> InMemoryChannelLayer:
    return InMemoryChannelLayer(capacity=10)


@pytest.fixture
async def mailbox(layer) -> Mailbox:
    mailbox = Mailbox(layer)
    await mailbox.join("tw.board.1", "tw.board.2")
    return mailbox


@pytest.fixture
async def publisher(layer) -> Publisher:
    return Publisher(layer, asyncio.get_running_loop())


async def test_events_become_one_message_per_stream(publisher, mailbox, monkeypatch):
    monkeypatch.setattr(sending, "time", SimpleNamespace(time=lambda: 9.5))
    publisher.publish([event(1), event(7, "board:2", ends_access="*"), event(2, revocation_offset=5)])
    async with running(publisher):
        one, two = Entry(1, "", "board.changed", "{}", 0, 9.5), Entry(2, "", "board.changed", "{}", 5, 9.5)
        assert await mailbox.receive() == events("board:1", one, two)
        assert await mailbox.receive() == events("board:2", Entry(7, "*", "board.changed", "{}", 0, 9.5))


async def test_events_from_other_threads_arrive_in_order(publisher, mailbox):
    async with running(publisher):
        for offset in range(1, 6):
            await asyncio.to_thread(publisher.publish, [event(offset)])
        received: list[int] = []
        while len(received) < 5:
            received += await mailbox.offsets()
    assert received == [1, 2, 3, 4, 5]


async def test_a_stream_of_two_epochs_is_two_messages(publisher, mailbox):
    publisher.publish([event(9), event(1, epoch="f")])
    async with running(publisher):
        assert [(await mailbox.receive()).epoch for _ in range(2)] == ["e", "f"]


async def test_large_payloads_are_left_in_the_log(publisher, mailbox):
    half = "x" * (INLINE_BYTES // 2)
    async with running(publisher):
        publisher.publish([event(1, payload=half), event(2, payload=half)])
        assert [entry.payload for entry in (await mailbox.receive()).entries] == [half, half]
        publisher.publish([event(3, payload=half), event(4, payload=half + "x")])
        assert [entry.payload for entry in (await mailbox.receive()).entries] == ["", ""]


async def test_an_ephemeral_message_is_sent_as_it_is(publisher, mailbox):
    publisher.publish_ephemeral("board:1", "{}", ClientInfo("alice", "c"))
    async with running(publisher):
        assert await mailbox.receive() == Ephemeral("board:1", "{}", ClientInfo("alice", "c"))


async def test_the_joins_of_a_crowd_are_few_messages_in_order(publisher, mailbox):
    crowd = [join(f"{number}") for number in range(PRESENCE_CHANGES)] + [LeavePush(ClientInfo("0", "client of 0"))]
    for change in crowd:
        publisher.publish_presence("board:1", change)
    publisher.publish_presence("board:2", join("bob"))
    async with running(publisher):
        first, second, other = [await mailbox.receive() for _ in range(3)]
    assert first.changes + second.changes == crowd
    assert len(first.changes) == PRESENCE_CHANGES
    assert other == PresenceChanges.of("board:2", [join("bob")])


class Recording:
    """A layer that keeps the messages it is given, and takes a turn of the loop for each."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        self.sent.append(parse(message))
        await asyncio.sleep(0)


async def test_no_join_of_many_crowds_is_lost_and_events_do_not_wait_for_them():
    layer = Recording()
    publisher = Publisher(layer, asyncio.get_running_loop())
    people, boards = 2 * PRESENCE_CHANGES, [f"board:{number}" for number in range(45)]
    for person in range(people):
        for board in boards:  # of one stream they are never neighbours
            publisher.publish_presence(board, join(f"{person}"))
    async with running(publisher):
        while not layer.sent:  # noqa: ASYNC110
            await asyncio.sleep(0)
        publisher.publish([event(1)])
        await until_idle(publisher)
    received_users: dict[str, list[str]] = {}
    for sent in layer.sent:
        if isinstance(sent, PresenceChanges):
            received_users.setdefault(sent.stream, []).extend(info.user for _, info in sent.rows)
    assert received_users == {board: [f"{person}" for person in range(people)] for board in boards}
    assert [type(sent) for sent in layer.sent].index(Events) <= EPHEMERAL_TURN
    assert publisher.dropped == 0


async def test_joins_and_leaves_are_bounded(publisher):
    for number in range(QUEUE_PRESENCE + 1):
        publisher.publish_presence("board:1", join(f"{number}"))
    assert publisher.dropped == 1


async def test_the_queue_is_bounded_and_drops_the_oldest(publisher, mailbox, patient):
    for first in range(0, QUEUE_EVENTS + PAGE_EVENTS, PAGE_EVENTS):
        publisher.publish([event(first + number) for number in range(PAGE_EVENTS)])
    for number in range(QUEUE_EPHEMERAL + 1):
        publisher.publish_ephemeral("board:2", f"{number}", ClientInfo("alice", "c"))
    async with running(publisher):
        assert await mailbox.offsets() == [QUEUE_EVENTS + PAGE_EVENTS - 1]  # the last of very many
        assert (await mailbox.receive()).data == "1"
    assert publisher.dropped == PAGE_EVENTS + 1


async def test_it_is_idle_while_there_is_nothing_to_send(publisher):
    async with running(publisher):
        await until_idle(publisher)
        assert publisher.is_idle


# -- when the layer fails --------------------------------------------------------------------------------------------


class BrokenLayer(InMemoryChannelLayer):
    """Raises, or never answers, as `how` says. None: it works."""

    def __init__(self, how: Exception | asyncio.Event) -> None:
        super().__init__()
        self.how: Exception | asyncio.Event | None = how
        self.calls = 0

    async def group_send(self, group: str, message: Any) -> None:
        self.calls += 1
        if isinstance(self.how, Exception):
            raise self.how
        if self.how is not None:
            await self.how.wait()
        await super().group_send(group, message)


async def test_a_layer_that_fails_is_left_alone_for_a_while(caplog):
    layer = BrokenLayer(ConnectionError("gone"))
    publisher = Publisher(layer, asyncio.get_running_loop())
    with caplog.at_level(logging.WARNING, "tidewire.layer.publisher"):
        async with running(publisher):
            publisher.publish([event(1), event(1, "board:2")])
            publisher.publish([event(2)])
            await until_idle(publisher)
            publisher.publish([event(3)])
            await until_idle(publisher)
    assert layer.calls == 1
    assert publisher.dropped == 3
    assert [record.getMessage() for record in caplog.records] == [
        "channel layer unavailable, delivery goes on by polling: gone"
    ]


async def test_a_layer_that_works_again_is_used_again(monkeypatch):
    monkeypatch.setattr(sending, "PAUSE_SECONDS", 0.0)
    layer = BrokenLayer(ConnectionError("gone"))
    mailbox, publisher = Mailbox(layer), Publisher(layer, asyncio.get_running_loop())
    await mailbox.join("tw.board.1")
    async with running(publisher):
        publisher.publish([event(1)])
        await until_idle(publisher)
        layer.how = None
        publisher.publish([event(2)])
        assert (await mailbox.offsets())[0] == 2


async def test_a_layer_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr(sending, "SEND_SECONDS", 0.01)
    layer = BrokenLayer(asyncio.Event())
    publisher = Publisher(layer, asyncio.get_running_loop())
    async with running(publisher):
        publisher.publish([event(1)])
        await until_idle(publisher)
    assert (layer.calls, publisher.dropped) == (1, 1)


async def test_the_task_ends_when_it_is_cancelled_at_whatever_step():
    for turns in range(12):
        answer = asyncio.Event()
        publisher = Publisher(BrokenLayer(answer), asyncio.get_running_loop())
        publisher.publish([event(1)])
        task = asyncio.create_task(publisher.run())
        for _ in range(10):
            await asyncio.sleep(0)
        answer.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task], timeout=WAIT_SECONDS)
        assert task.done(), turns


def test_events_for_a_closed_loop_are_dropped():
    loop = asyncio.new_event_loop()
    publisher = Publisher(InMemoryChannelLayer(), loop)
    loop.close()
    publisher.publish([event(1), event(2)])
    assert publisher.dropped == 2


# -- the publisher of the process ------------------------------------------------------------------------------------


async def test_publish_uses_the_attached_publisher(publisher, mailbox):
    publishing.attach(publisher)
    try:
        async with running(publisher):
            await asyncio.to_thread(publishing.publish, [event(1)])
            assert (await mailbox.offsets())[0] == 1
            publishing.publish([])
    finally:
        publishing.detach(publisher)
    publishing.publish([event(2)])  # dropped: no other process receives from a layer in memory
    await until_idle(publisher)
    assert publisher.is_idle


async def test_detaching_another_publisher_changes_nothing(publisher, layer):
    other = Publisher(layer, asyncio.get_running_loop())
    publishing.attach(publisher)
    try:
        publishing.detach(other)
        publishing.publish([event(1)])
        await asyncio.sleep(0)
        assert not publisher.is_idle
    finally:
        publishing.detach(publisher)


# -- without a loop, on Redis ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis():
    server = servers.start_redis()
    yield server
    server.stop()


@pytest.fixture
def on_redis(redis, settings, monkeypatch):
    """Makes this process one without a server's loop, on the Redis layer."""
    config = {"hosts": [{"address": redis.url, "socket_timeout": WAIT_SECONDS}], "prefix": "tidewire"}
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": config}
    }
    monkeypatch.setattr(publishing, "_background", None)
    return redis


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Mailbox]:
    layer = RedisPubSubChannelLayer(hosts=[url], prefix="tidewire")
    mailbox = Mailbox(layer)
    await mailbox.join("tw.board.1")
    yield mailbox
    await layer.flush()


async def test_a_process_without_a_loop_publishes_from_a_thread(on_redis, patient):
    async with listening(on_redis.url) as mailbox:
        await asyncio.to_thread(publishing.publish, [event(1)])
        first = publishing._background
        await asyncio.to_thread(publishing.publish, [event(2)])
        offsets: list[int] = []
        while len(offsets) < 2:  # in one message or in two
            offsets += await mailbox.offsets()
        assert offsets == [1, 2]
    assert publishing._background is first  # one thread, one connection


@pytest.mark.django_db(transaction=True)
def test_a_frozen_redis_does_not_delay_a_commit(on_redis, monkeypatch):
    """Sending takes all its time. A commit that waited for it would take as long."""
    monkeypatch.setattr(sending, "SEND_SECONDS", WAIT_SECONDS)
    on_redis.pause()
    started = time.monotonic()
    try:
        Board.objects.create(name="written")
        assert time.monotonic() - started < WAIT_SECONDS / 2
    finally:
        on_redis.resume()


PROGRAM = """
import django; django.setup()
from tidewire.layer import publisher, publishing
from tests.tidewire.layer.test_publisher import event
publisher.SEND_SECONDS = publishing.EXIT_SECONDS = 10.0  # a busy machine must not decide
publishing.publish([event(1)])
"""


@pytest.mark.slow
async def test_a_process_that_ends_at_once_still_sends(redis, tmp_path, settings):
    """The last write of a command must not wait for the poll."""
    settings.SECRET_KEY = secret = "s" * 50
    environment = child_environment(tmp_path) | {"REDIS_URL": redis.url, "SECRET_KEY": secret, "PYTHONPATH": str(ROOT)}
    environment["TIDEWIRE_EXTRA_APPS"] = "tests.tidewire.liveapp"
    async with listening(redis.url) as mailbox:
        await asyncio.to_thread(subprocess.run, [sys.executable, "-c", PROGRAM], env=environment, check=True)
        assert (await mailbox.offsets())[0] == 1
