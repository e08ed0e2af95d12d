"""Bad messages in the layer do not stop a hub: types of a newer release, wrong shapes, bytes that are no message."""

import msgpack
import pytest
import redis

from tests.rig.rest import channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import MakeClient, People, follow
from tests.soak.nemesis import GARBAGE, POISON
from tidewire.layer import messages

# The poll is so slow that an event in time must have come through the layer.
POLL_SECONDS = 9.0
PUSH_SECONDS = 6.0
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


def test_an_event_of_an_unknown_epoch_is_not_delivered(site: Site, people: People, sdk: MakeClient) -> None:
    """A forged or stale message moves no subscriber: the hub reads the log."""
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[1].ws_url, alice, room)
    forged = {
        "type": "tidewire.events",
        "v": 1,
        "stream": channel(room),
        "epoch": "another",
        "events": [[2, "", "message.created", '{"type":"message.created","data":{}}', 0]],
    }
    assert isinstance(messages.parse(forged), messages.Events)  # nothing but its epoch is wrong
    with redis.Redis(port=site.redis.port) as layer:
        for name in layer.pubsub_channels():
            layer.publish(name, msgpack.packb(forged))

    said = alice.say(room, "the true one")
    client.wait_for_offset(channel(room), 2)
    assert [event.data["data"] for event in client.publications(channel(room))] == [said]
