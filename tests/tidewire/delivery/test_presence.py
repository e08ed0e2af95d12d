"""Presence is right within 45 seconds after any crash, and followers of presence are sent each join and leave once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from redis import asyncio as redis

from backend.stores import channel_layer
from tests.rig import servers
from tests.tidewire.in_memory import Client, settled, until
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry
from tidewire.delivery import presence, presence_stores
from tidewire.delivery.presence import BATCH, CONFIRM_SECONDS, Presence
from tidewire.delivery.presence_servers import Cluster, Shards
from tidewire.delivery.presence_stores import EXPIRE_SECONDS, MemoryStore, RedisStore, Store
from tidewire.delivery.roster import Roster
from tidewire.delivery.subscription import Subscription
from tidewire.layer import redis_clients
from tidewire.layer.messages import PresenceChange
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.pushes import ClientInfo

ROOM = "room:1"
PROMISED_SECONDS = 45.0
ALICE, BOB, CHARLIE = (ClientInfo(name, f"client of {name}") for name in ("alice", "bob", "charlie"))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Process:
    """The presence of one process. `sent` holds what its subscribers are sent, such as ("join", "bob")."""

    def __init__(self, store: Store, layer: list[Process]) -> None:
        self.sent: list[tuple[str, str]] = []
        self.roster = Roster()
        self.presence = Presence(store, publish=self.publish, dispatch=self.dispatch, roster=self.roster)
        self.layer, self.store = layer, store
        layer.append(self)
        self._task = asyncio.create_task(self.presence.run())

    def publish(self, stream: str, change: PresenceChange) -> None:
        for process in self.layer:
            process.dispatch(stream, change)

    def dispatch(self, stream: str, change: PresenceChange) -> None:
        """As the hub does."""
        self.roster.apply(stream, change)
        self.sent.append((change.kind, change.info.user))

    async def arrive(self, info: ClientInfo) -> Subscription:
        client = Client()
        arrived = Subscription(
            ROOM, info, client.send_queue, JSON, lambda subscription: None, is_following_presence=True
        )
        self.presence.arrive(arrived)
        await settled()
        return arrived

    async def depart(self, subscription: Subscription) -> None:
        self.presence.depart(subscription)
        await settled()

    async def users(self) -> set[str]:
        return {info.user for info in (await self.presence.read(ROOM)).values()}

    def crash(self) -> None:
        self._task.cancel()
        if self in self.layer:
            self.layer.remove(self)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GATHER_SECONDS", 0.0)


@pytest.fixture(autouse=True)
def _rooms_show_who_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "kinds", {"room": StreamKind("room", lambda user, keys: set(), has_presence=True)})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def start(clock: Clock) -> AsyncIterator[Callable[[], Process]]:
    """Starts processes that share a store and a layer."""
    store, layer, started = MemoryStore(clock), [], []

    def start() -> Process:
        started.append(Process(store, layer))
        return started[-1]

    yield start
    for process in started:
        process.crash()


async def test_each_join_and_leave_is_sent_once_in_every_process(start):
    here, there = start(), start()
    alice = await here.arrive(ALICE)
    bob = await there.arrive(BOB)
    await here.presence.confirm_once()
    assert await here.users() == await there.users() == {"alice", "bob"}
    await there.depart(bob)
    await here.presence.confirm_once()
    await here.depart(alice)
    assert here.sent == [("join", "alice"), ("join", "bob"), ("leave", "bob"), ("leave", "alice")]


@pytest.mark.parametrize("phase", [0.0, 0.1, 6.0, 11.9])
async def test_clients_of_a_crashed_process_are_gone_within_45_seconds(start, clock, phase):
    """At whatever time between two confirmations of the other process the crash comes."""
    here, there = start(), start()
    await here.arrive(ALICE)
    await here.presence.confirm_once()
    clock.now += phase
    await there.arrive(BOB)
    there.crash()
    crashed_at = clock.now
    clock.now += CONFIRM_SECONDS - phase
    while ("leave", "bob") not in here.sent:
        await here.presence.confirm_once()
        assert clock.now - crashed_at <= PROMISED_SECONDS
        clock.now += CONFIRM_SECONDS
    assert await here.users() == {"alice"}
    assert here.sent == [("join", "alice"), ("join", "bob"), ("leave", "bob")]


async def test_a_crowd_is_written_to_the_store_in_batches(store):
    puts = []

    class Counting:
        read = store.read

        async def put(self, entries):
            puts.append(list(entries))
            await store.put(puts[-1])

    process = Process(Counting(), [])
    crowd = [ClientInfo(f"{number}", f"client {number}") for number in range(BATCH + 1)]
    client = Client()
    for info in crowd:
        process.presence.arrive(Subscription(ROOM, info, client.send_queue, JSON, lambda subscription: None))
    async with asyncio.timeout(10):
        while len(process.sent) < len(crowd):  # noqa: ASYNC110  the store's own time
            await asyncio.sleep(0.01)
    process.crash()
    assert [len(entries) for entries in puts] == [BATCH, 1]
    assert process.sent == [("join", info.user) for info in crowd]
    assert await process.users() == {info.user for info in crowd}
    await store.remove([(ROOM, info) for info in crowd])


async def test_clients_that_arrive_one_after_the_other_share_a_call_of_the_store(store, monkeypatch):
    monkeypatch.setattr(presence, "GATHER_SECONDS", 0.05)
    puts = []

    class Counting(MemoryStore):
        async def put(self, entries):
            puts.append([info.user for _, info in entries])

    process = Process(Counting(), [])
    for info in (ALICE, BOB, CHARLIE):
        await process.arrive(info)  # and everything settles
    await until(lambda: len(process.sent) == 3)
    process.crash()
    assert puts == [["alice"], ["bob", "charlie"]]  # the first one at once


async def test_a_client_that_left_while_the_store_was_away_is_not_taken_for_a_new_one(start):
    alice_process, bob_process = start(), start()
    await alice_process.arrive(ALICE)
    bob = await bob_process.arrive(BOB)
    remove, bob_process.presence._store.remove = bob_process.store.remove, _away
    await bob_process.depart(bob)
    bob_process.presence._store.remove = remove
    alice_process.sent.clear()
    await bob_process.presence.confirm_once()
    await alice_process.presence.confirm_once()
    assert alice_process.sent == []
    assert await alice_process.users() == {"alice"}


async def _away(entries) -> None:
    raise ConnectionError


async def test_a_server_that_is_away_does_not_keep_the_others_from_being_written_to(redis_url):
    here = redis.Redis.from_url(redis_url, socket_timeout=2)
    away = redis.Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=2)
    store = RedisStore(Shards([away, here]), prefix="tidewire-test-hosts")
    streams = {await store._server_of(name): name for name in map("room:{}".format, range(20))}
    with pytest.raises(redis.ConnectionError):
        await store.put([(streams[away], ALICE), (streams[here], BOB)])
    assert await store.read(streams[here]) == {BOB.client: BOB}
    with pytest.raises(redis.ConnectionError):
        await store.remove([(streams[away], ALICE), (streams[here], BOB)])
    assert await store.read(streams[here]) == {}
    for client in (here, away):
        await client.aclose()


def test_the_intervals_keep_the_promise():
    assert EXPIRE_SECONDS + CONFIRM_SECONDS < PROMISED_SECONDS
    assert 2 * CONFIRM_SECONDS < EXPIRE_SECONDS  # one confirmation may fail


async def test_a_client_that_comes_after_the_crash_is_sent_the_leave_too(start, clock):
    """Alice comes a second before Bob's entry expires and sees him; the first confirmation comes after that."""
    there = start()
    await there.arrive(BOB)
    there.crash()
    clock.now = EXPIRE_SECONDS - 1
    here = start()
    await here.arrive(ALICE)
    assert await here.users() == {"alice", "bob"}
    clock.now = EXPIRE_SECONDS + 1
    await here.presence.confirm_once()
    assert here.sent == [("join", "alice"), ("leave", "bob")]


async def test_a_store_that_lost_its_data_gets_it_again(start):
    here, there = start(), start()
    await here.arrive(ALICE)
    await there.arrive(BOB)
    here.store._streams.clear()
    await here.presence.confirm_once()
    await there.presence.confirm_once()
    assert await here.users() == {"alice", "bob"}
    await here.presence.confirm_once()
    assert here.sent == [("join", "alice"), ("join", "bob"), ("leave", "bob"), ("join", "bob")]


async def test_a_join_that_the_layer_lost_is_sent_after_the_next_confirmation(start):
    here, there = start(), start()
    await here.arrive(ALICE)
    there.layer.remove(here)
    await there.arrive(BOB)
    assert here.sent == [("join", "alice")]
    await here.presence.confirm_once()
    await here.presence.confirm_once()
    assert here.sent == [("join", "alice"), ("join", "bob")]


async def test_a_change_while_the_store_is_read_is_not_sent_twice(start):
    here, there = start(), start()
    await here.arrive(ALICE)
    bob = await there.arrive(BOB)
    read = here.store.read

    async def slowly(stream: str) -> dict[str, dict[str, str]]:
        found = await read(stream)
        await there.depart(bob)
        await there.arrive(CHARLIE)
        return found

    here.presence._store = type("Slow", (), {"put": here.store.put, "read": staticmethod(slowly)})
    await here.presence.confirm_once()
    assert here.sent[2:] == [("leave", "bob"), ("join", "charlie")]


async def test_without_the_store_a_process_knows_its_own_clients(start):
    here, there = start(), start()
    await here.arrive(ALICE)
    await there.arrive(BOB)

    async def refuse(stream: str) -> None:
        raise ConnectionError

    here.presence._store = type("Away", (), {"read": staticmethod(refuse)})
    assert await here.users() == {"alice"}


# -- stores ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def redis_url():
    server = servers.redis_for_tests()
    yield server.url
    server.stop()


@pytest.fixture(params=["memory", "shards", "cluster"])
async def store(request) -> AsyncIterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "cluster":
        (server,) = channel_layer(request.getfixturevalue("redis_cluster").url)["CONFIG"]["hosts"]
        cluster = Cluster(partial(redis_clients.cluster_client, server))
        yield RedisStore(cluster, prefix="tidewire-test-presence")
        await cluster.aclose()
    else:
        clients = [redis.Redis.from_url(request.getfixturevalue("redis_url"), socket_timeout=2) for _ in range(2)]
        yield RedisStore(Shards(clients), prefix="tidewire-test-presence")
        for client in clients:
            await client.aclose()


async def test_a_store_keeps_entries_until_they_are_removed(store):
    await store.put([(ROOM, ALICE), (ROOM, BOB), ("room:2", CHARLIE)])
    await store.put([(ROOM, ALICE)])
    assert await store.read(ROOM) == {ALICE.client: ALICE, BOB.client: BOB}
    await store.remove([(ROOM, ALICE), ("room:2", CHARLIE)])
    await store.remove([(ROOM, ClientInfo("nobody", "nobody"))])
    assert await store.read(ROOM) == {BOB.client: BOB}
    assert await store.read("room:2") == await store.read("room:3") == {}


async def test_a_store_forgets_entries_that_are_not_confirmed(store, monkeypatch):
    monkeypatch.setattr(presence_stores, "EXPIRE_SECONDS", 0.7)
    await store.put([("room:4", ALICE)])
    assert await store.read("room:4") == {ALICE.client: ALICE}
    async with asyncio.timeout(10):
        while await store.read("room:4"):  # noqa: ASYNC110  the store's own clock
            await asyncio.sleep(0.05)
