"""REDIS_URL with a Redis Cluster: slots move, primaries are replaced, killed and frozen, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.rig.redis_cluster import RedisCluster, start_cluster, wait_until
from tests.rig.rest import Person, channel
from tests.rig.site import Site, Sites
from tests.scenarios.conftest import MakeClient, follow, meet
from tests.scenarios.timing import POLL_SECONDS, wait_for_push
from tidewire.ground import streams

PUSH_AGAIN_SECONDS = 40.0
WRITES = 40
pytestmark = [
    pytest.mark.verify,
    pytest.mark.parametrize("sdk", ["py"], indirect=True),
    pytest.mark.only_size("grown"),
]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RedisCluster]:
    cluster = start_cluster(replicas=1)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def module_site(size: str, sites: Sites, cluster: RedisCluster) -> Iterator[Site]:
    site = sites.make(size, settings={"POLL_SECONDS": str(POLL_SECONDS)})
    site.environment["REDIS_URL"] = cluster.url
    site.start()
    yield site
    site.stop()
    site.check_logs()


def group_of(room: str) -> str:
    return f"tidewire__group__{streams.group(channel(room))}"


def move_slot(cluster: RedisCluster, room: str) -> Callable[[], None]:
    source = cluster.node_of(group_of(room))
    others = [node for node in cluster.nodes if node.ask("ROLE")[0] == "master" and node is not source]
    cluster.move(group_of(room), others[0])
    return lambda: None


def fail_over(cluster: RedisCluster, room: str) -> Callable[[], None]:
    cluster.fail_over(group_of(room))
    return lambda: None


def kill(cluster: RedisCluster, room: str) -> Callable[[], None]:
    node = cluster.node_of(group_of(room))
    node.kill()
    return node.start


def freeze(cluster: RedisCluster, room: str) -> Callable[[], None]:
    node = cluster.node_of(group_of(room))
    node.pause()
    return node.resume


FAULTS = {"slot moved": move_slot, "failover": fail_over, "killed": kill, "frozen": freeze}


@pytest.mark.parametrize("fault", FAULTS)
def test_writes_answer_and_nothing_is_lost(
    site: Site, people: tuple[Person, ...], cluster: RedisCluster, sdk: MakeClient, fault: str
) -> None:
    """Alice writes before, while and after. Bob, at another process, is sent each message once and in order."""
    alice, bob, _ = people
    room = alice.make_room()
    alice.add(room, bob)
    client = sdk()
    follow(client, site.servers[1].ws_url, bob, room)
    wait_for_push(client, alice, room, PUSH_AGAIN_SECONDS)

    end = FAULTS[fault](cluster, room)
    try:
        for number in range(WRITES):
            began = time.monotonic()
            alice.say(room, f"message {number}")
            assert time.monotonic() - began < 5.0
        client.wait_for_offset(channel(room), alice.messages(room)[1]["offset"], timeout=20 * POLL_SECONDS)
        if fault != "frozen":  # the replica takes over meanwhile
            wait_for_push(client, alice, room, PUSH_AGAIN_SECONDS)
    finally:
        end()

    wait_until(cluster.is_whole)
    wait_for_push(client, alice, room, PUSH_AGAIN_SECONDS)
    offsets = client.offsets(channel(room))
    assert offsets == list(range(offsets[0], offsets[0] + len(offsets)))
    assert client.presence_stats(channel(room)) == (1, 1)


def test_presence_and_ephemeral_messages_work_on_every_node(
    site: Site, people: tuple[Person, ...], cluster: RedisCluster, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    rooms: dict[int, str] = {}
    while len(rooms) < 3:
        room = alice.make_room()
        rooms.setdefault(cluster.node_of(group_of(room)).port, room)
    here, there = sdk(), sdk()
    here.connect(site.servers[0].ws_url, get_token=alice.fresh_token)
    there.connect(site.servers[1].ws_url, get_token=bob.fresh_token)
    for room in rooms.values():
        alice.add(room, bob)
        meet(here, there, (alice, bob), room)
