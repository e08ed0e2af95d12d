"""REDIS_URL with two hosts: streams spread over both. While one is away, nothing is lost and writes are answered."""

import statistics
import time
from collections.abc import Iterator

import pytest
import redis
from channels_redis.utils import _consistent_hash

from tests.rig import servers
from tests.rig.rest import Person, channel
from tests.rig.site import Site, Sites
from tests.scenarios.conftest import MakeClient, follow, meet
from tests.scenarios.timing import POLL_SECONDS, wait_for_push
from tidewire.ground import streams

PUSH_AGAIN_SECONDS = 40.0
pytestmark = [pytest.mark.parametrize("sdk", ["py"], indirect=True), pytest.mark.only_size("grown")]


@pytest.fixture(scope="module")
def shards() -> Iterator[list[servers.Redis]]:
    shards = [servers.start_redis() for _ in range(2)]
    yield shards
    for shard in shards:
        shard.stop()


@pytest.fixture(scope="module")
def module_site(size: str, sites: Sites, shards: list[servers.Redis]) -> Iterator[Site]:
    urls = ",".join(shard.url for shard in shards)
    site = sites.make(size, settings={"POLL_SECONDS": str(POLL_SECONDS)})
    site.environment["REDIS_URL"] = urls
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture
def rooms(site: Site, people: tuple[Person, ...]) -> list[str]:
    """Two rooms of Alice and Bob, one on each Redis."""
    found: dict[int, str] = {}
    while len(found) < 2:
        room = people[0].make_room()
        people[0].add(room, people[1])
        found.setdefault(shard_of(room), room)
    return [found[0], found[1]]


def shard_of(room: str) -> int:
    """Returns the number of the Redis that the layer chooses for this room's stream."""
    return _consistent_hash(f"tidewire__group__{streams.group(channel(room))}", 2)


def test_streams_are_spread_over_both(
    site: Site, people: tuple[Person, ...], rooms: list[str], shards: list[servers.Redis], sdk: MakeClient
) -> None:
    alice, bob, _ = people
    client = sdk()
    follow(client, site.servers[1].ws_url, bob, rooms[0])
    client.subscribe(channel(rooms[1]))
    for room in rooms:
        wait_for_push(client, alice, room, PUSH_AGAIN_SECONDS)

    for number, shard in enumerate(shards):
        with redis.Redis.from_url(shard.url) as connection:
            groups = {name.decode() for name in connection.pubsub_channels("tidewire__group__tw.room.*")}
        assert f"tidewire__group__{streams.group(channel(rooms[number]))}" in groups
        assert f"tidewire__group__{streams.group(channel(rooms[1 - number]))}" not in groups


def test_presence_and_ephemeral_messages_work_on_both(
    site: Site, people: tuple[Person, ...], rooms: list[str], sdk: MakeClient
) -> None:
    alice, bob, _ = people
    here, there = sdk(), sdk()
    here.connect(site.servers[0].ws_url, get_token=alice.fresh_token)
    there.connect(site.servers[1].ws_url, get_token=bob.fresh_token)
    for room in rooms:
        meet(here, there, (alice, bob), room)


@pytest.mark.parametrize("fault", ["killed", "frozen"])
@pytest.mark.parametrize("away", [0, 1])
def test_with_one_away_writes_answer_and_nothing_is_lost(
    site: Site,
    people: tuple[Person, ...],
    rooms: list[str],
    shards: list[servers.Redis],
    sdk: MakeClient,
    away: int,
    fault: str,
) -> None:
    alice, bob, _ = people
    client = sdk()
    follow(client, site.servers[1].ws_url, bob, rooms[0])
    client.subscribe(channel(rooms[1]))
    client.wait_for("subscribed", channel(rooms[1]))
    for room in rooms:
        wait_for_push(client, alice, room, PUSH_AGAIN_SECONDS)

    (shards[away].kill if fault == "killed" else shards[away].pause)()
    try:
        took = []
        for number in range(10):
            for room in rooms:
                began = time.monotonic()
                alice.say(room, f"message {number}")
                took.append(time.monotonic() - began)
        assert statistics.median(took) < 1.0
        for room in rooms:
            client.wait_for_offset(channel(room), alice.messages(room)[1]["offset"], timeout=10 * POLL_SECONDS)
    finally:
        (shards[away].start if fault == "killed" else shards[away].resume)()

    for room in rooms:
        wait_for_push(client, alice, room, PUSH_AGAIN_SECONDS)
        offsets = client.offsets(channel(room))
        assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
