"""Bad messages in the layer do not stop a hub: types of a newer release, wrong shapes, bytes that are no message."""

import msgpack
import pytest
import redis

from tests import forger
from tests.rig.rest import channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import MakeClient, People, follow
from tests.soak.nemesis import GARBAGE, POISON

# The poll is so slow that an event in time must have come through the layer.
POLL_SECONDS = 9.0
PUSH_SECONDS = 6.0
POSITION_OF_REVOCATIONS = """
from tidewire.log.heads import position
head = position("revocations:all")
print(head.epoch, head.offset)
"""
pytestmark = [
    pytest.mark.parametrize("sdk", ["js", "py"] if IS_VERIFY else ["js"], indirect=True),
    pytest.mark.only_size("grown"),
    pytest.mark.site(processes=2, own_redis=True, settings={"POLL_SECONDS": str(POLL_SECONDS)}),
]


def test_poison_on_every_channel_disturbs_no_client(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    clients = [sdk(), sdk()]
    for client, server in zip(clients, site.servers, strict=True):
        follow(client, server.ws_url, bob, room)
    with redis.Redis(port=site.redis.port) as layer:
        names = layer.pubsub_channels()
        assert names
        for number in range(20):
            for name in names:
                for poison in (*map(msgpack.packb, POISON), *GARBAGE):
                    layer.publish(name, poison)
            alice.say(room, f"between {number}")

    for client in clients:
        client.wait_for_offset(channel(room), 22)
        assert client.offsets(channel(room)) == list(range(3, 23))
        assert client.kinds().count("connected") == 1
        assert "unsubscribed" not in client.kinds()


def test_after_poison_events_still_come_by_push(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[1].ws_url, alice, room)
    with redis.Redis(port=site.redis.port) as layer:
        for name in layer.pubsub_channels():
            for poison in (*map(msgpack.packb, POISON), *GARBAGE):
                layer.publish(name, poison)

    for number in range(5):
        alice.say(room, f"message {number}")
        client.wait_for_offset(channel(room), 2 + number, timeout=PUSH_SECONDS)


def test_a_forger_on_redis_delivers_nothing_and_keeps_nothing_away(site: Site, people: People, sdk: MakeClient) -> None:
    """It knows the epoch and the next offset, and speaks before the true event of that offset is written."""
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[1].ws_url, alice, room)
    epoch = alice.get(f"rooms/{room}/messages/?limit=1")["stream"]["epoch"]
    said = []
    with redis.Redis(port=site.redis.port) as layer:
        for offset in range(2, 6):
            for forged in forger.forgeries(channel(room), epoch, offset):
                for name in layer.pubsub_channels():
                    layer.publish(name, msgpack.packb(forged))
            said.append(alice.say(room, f"the true number {offset}"))
    client.wait_for_offset(channel(room), 5)
    assert [event.data["data"] for event in client.publications(channel(room))] == said
    assert forger.MARK not in str(client.events)


def test_a_logout_closes_sockets_in_time_though_the_revocation_log_was_forged_ahead(
    site: Site, people: People, sdk: MakeClient
) -> None:
    """It happens in the first process; the socket is on the second, which was sent revocations that do not exist."""
    _, bob, _ = people
    bob.log_in()
    bob.post("token/blacklist/", {"refresh": bob.refresh}, signed=False)  # the log exists from now on
    epoch, head = site.shell(POSITION_OF_REVOCATIONS).split()
    bob.log_in()
    client = sdk()
    follow(client, site.servers[1].ws_url, bob, bob.make_room())
    with redis.Redis(port=site.redis.port) as layer:
        for offset in (int(head) + 1, int(head) + 2, int(head) + 3):
            for forged in forger.forgeries("revocations:all", epoch, offset):
                for name in layer.pubsub_channels():
                    layer.publish(name, msgpack.packb(forged))
    bob.post("token/blacklist/", {"refresh": bob.refresh}, signed=False)
    assert client.wait_for("disconnected", timeout=POLL_SECONDS / 2).code == 3503
