"""SDK clients at nodes of Centrifugo get the events of our log: the same offsets, and under the same permissions."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from tests.centrifugo.edge import VERSION, Edge, subscribed
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.sdk.agents import AGENTS, Position, SdkClient
from tidewire.centrifugo import configuration
from tidewire.centrifugo.broker_tables import WINDOW

pytestmark = pytest.mark.verify

People = tuple[Person, ...]

MANY = """
from api.models import Message, Room
room = Room.objects.get(pk="{room}")
author = room.members.first().user
Message.objects.bulk_create(Message(room=room, author=author, text=str(n)) for n in range({count}))
"""


def follow(client: SdkClient, url: str, person: Person, room: str, **options: object) -> None:
    client.connect(url, get_token=person.fresh_token)
    client.subscribe(channel(room), **options)
    client.wait_for("subscribed", channel(room))


def test_the_nodes_are_of_the_release_that_is_named() -> None:
    assert VERSION == configuration.VERSION


def test_events_have_our_types_and_positions(edge: Edge, people: People, room: str, client: SdkClient) -> None:
    alice, bob, _ = people
    follow(client, edge.nodes[0].ws_url, bob, room)
    said = [alice.say(room, f"hello {n} ✓ \u0007") for n in range(5)]
    _, position = alice.messages(room)
    found = client.wait_for_offset(channel(room), position["offset"])
    assert [event.data["data"]["text"] for event in found] == [message["text"] for message in said]
    assert [event.offset for event in found] == list(range(position["offset"] - 4, position["offset"] + 1))
    assert all(event.tags == {"type": "message.created"} for event in found)


def test_the_position_of_a_rest_answer_can_be_subscribed_from(
    edge: Edge, people: People, room: str, client: SdkClient
) -> None:
    alice, bob, _ = people
    _, position = alice.messages(room)
    for n in range(20):
        alice.say(room, f"missed {n}")
    follow(client, edge.nodes[1].ws_url, bob, room, since={"epoch": position["epoch"], "offset": position["offset"]})
    subscribed = client.wait_for("subscribed", channel(room))
    assert subscribed.was_recovering
    assert subscribed.recovered
    client.wait_for_offset(channel(room), position["offset"] + 20)
    assert client.offsets(channel(room)) == list(range(position["offset"] + 1, position["offset"] + 21))


def test_get_state_beside_a_writer_misses_nothing(edge: Edge, people: People, room: str, client: SdkClient) -> None:
    alice, bob, _ = people
    reader = bob.at(edge.site.url)
    seen: list[dict[str, object]] = []

    def state() -> dict[str, object]:
        messages, position = reader.messages(room)
        seen[:] = messages
        return {"epoch": position["epoch"], "offset": position["offset"]}

    stop = threading.Event()
    written: list[str] = []

    def write() -> None:
        for n in itertools.count():
            if stop.is_set():
                return
            written.append(alice.say(room, f"{n}")["id"])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        client.connect(edge.nodes[0].ws_url, get_token=bob.fresh_token)
        client.subscribe(channel(room), get_state=state)
        client.wait_for("subscribed", channel(room))
        time.sleep(1)
    finally:
        stop.set()
        thread.join()
    _, position = alice.messages(room)
    client.wait_for_offset(channel(room), position["offset"])
    ids = {message["id"] for message in seen} | {e.data["data"]["id"] for e in client.publications(channel(room))}
    assert ids >= set(written)
    offsets = client.offsets(channel(room))
    assert offsets == list(range(offsets[0], offsets[-1] + 1))


def test_an_erased_text_is_not_recovered(edge: Edge, people: People, room: str) -> None:
    alice, bob, _ = people
    _, position = alice.messages(room)
    message = alice.say(room, "a secret text")
    with AGENTS["py"]() as client:
        follow(client, edge.nodes[0].ws_url, bob, room)
        alice.delete(f"rooms/{room}/messages/{message['id']}/")
        client.wait_for_type(channel(room), "message.deleted")
    with AGENTS["py"]() as other:
        since = {"epoch": position["epoch"], "offset": position["offset"]}
        follow(other, edge.nodes[1].ws_url, bob, room, since=since)
        other.wait_for_offset(channel(room), position["offset"] + 2)
        assert "a secret text" not in str(other.publications(channel(room)))


def test_a_killed_relay_and_a_killed_node_lose_nothing(edge: Edge, people: People, room: str) -> None:
    alice, bob, _ = people
    with AGENTS["js"]() as client:
        follow(client, edge.nodes[0].ws_url, bob, room)
        _, before = alice.messages(room)
        for round in range(5):
            alice.say(room, f"before {round}")
            edge.kill_relay()
            alice.say(room, f"without a relay {round}")
            edge.start_relay()
            alice.say(room, f"after {round}")
            if round == 2:
                edge.nodes[0].kill()
                alice.say(room, "without a node")
                edge.nodes[0].start()
        _, position = alice.messages(room)
        client.wait_for_offset(channel(room), position["offset"], timeout=60)
        assert client.offsets(channel(room)) == list(range(before["offset"] + 1, position["offset"] + 1))


def test_a_node_that_does_not_answer_stops_the_relay(edge: Edge, people: People, room: str) -> None:
    """It may deliver, and it cannot learn who must get nothing: so no node gets anything that follows."""
    alice, bob, charlie = people
    alice.add(room, charlie)
    with AGENTS["py"]() as client, AGENTS["py"]() as other:
        follow(client, edge.nodes[0].ws_url, bob, room)
        follow(other, edge.nodes[1].ws_url, charlie, room)
        edge.nodes[1].pause()
        alice.remove(room, charlie)
        secret = alice.say(room, "not for charlie")
        edge.wait_for_relay_to_say("does not answer")
        assert secret["id"] not in [e.data["data"].get("id") for e in client.publications(channel(room))]
        edge.nodes[1].resume()
        client.wait_for("publication", channel(room), where=lambda e: e.data["data"].get("id") == secret["id"])
        other.wait_for("unsubscribed", channel(room))
        assert secret["id"] not in [e.data["data"].get("id") for e in other.publications(channel(room))]


SET_VERSION = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("UPDATE cf_binary_stream_schema_version SET schema_version = {version}")
"""


def test_tables_of_another_version_stop_the_relay(edge: Edge, people: People, room: str) -> None:
    """A running one, which goes on when they are as before; and one that starts."""
    alice, bob, _ = people
    with AGENTS["py"]() as client:
        follow(client, edge.nodes[0].ws_url, bob, room)
        edge.site.shell(SET_VERSION.format(version=2))
        try:
            alice.say(room, "not by this relay")
            edge.wait_for_relay_to_say("have the version 2")
            with pytest.raises(AssertionError, match="have the version 2, and 1 is known"):
                edge.site.manage("centrifugo", "relay")
            assert client.publications(channel(room)) == []
        finally:
            edge.site.shell(SET_VERSION.format(version=1))
        client.wait_for("publication", channel(room))


def test_a_new_epoch_sends_clients_back_to_the_list(edge: Edge, people: People, room: str) -> None:
    """As after a restored backup. The stream goes on in the new epoch, without a client that waits for the old one."""
    alice, bob, _ = people
    with AGENTS["js"]() as client:
        follow(client, edge.nodes[0].ws_url, bob, room)
        seen = len(client.events)
        edge.site.manage("new_epochs")
        message = alice.say(room, "in the new epoch")
        client.wait_for("subscribed", channel(room), after=seen, timeout=60)
        alice.say(room, "and after it")
        _, position = alice.messages(room)
        client.wait_for_offset(channel(room), position["offset"], timeout=60)
        assert message["id"]


def test_more_events_than_a_frame_holds_send_a_client_back_to_the_list(
    edge: Edge, people: People, room: str, client: SdkClient
) -> None:
    """Centrifugo recovers in one frame, and refuses what is more. The SDK then asks for the state again."""
    alice, bob, _ = people
    reads: list[Position] = []

    def state() -> Position:
        reads.append(bob.messages(room)[1])
        return reads[-1]

    client.connect(edge.nodes[0].ws_url, get_token=bob.fresh_token)
    client.subscribe(channel(room), get_state=state)
    client.wait_for("subscribed", channel(room))
    client.disconnect()
    client.wait_for("disconnected")
    edge.site.shell(MANY.format(room=room, count=WINDOW + 1))
    seen = len(client.events)
    client.reconnect()
    client.wait_for("subscribed", channel(room), after=seen)
    alice.say(room, "after it")
    client.wait_for_offset(channel(room), reads[-1]["offset"] + 1)
    assert len(reads) == 2
    assert reads[1]["offset"] == reads[0]["offset"] + WINDOW + 1
    assert client.offsets(channel(room)) == [reads[1]["offset"] + 1]


def test_as_many_as_a_frame_holds_are_recovered(edge: Edge, people: People, room: str, client: SdkClient) -> None:
    alice, bob, _ = people
    _, position = alice.messages(room)
    edge.site.shell(MANY.format(room=room, count=WINDOW))
    follow(client, edge.nodes[1].ws_url, bob, room, since={"epoch": position["epoch"], "offset": position["offset"]})
    assert client.wait_for("subscribed", channel(room)).recovered
    client.wait_for_offset(channel(room), position["offset"] + WINDOW)
    assert client.offsets(channel(room)) == list(range(position["offset"] + 1, position["offset"] + WINDOW + 1))


PRUNE = """
from tidewire.log.tables import Event
Event.objects.filter(stream__name="{stream}", offset__lte={offset})._raw_delete("default")
"""


def test_a_client_from_before_a_hole_is_sent_back_to_the_list(edge: Edge, people: People, room: str) -> None:
    """Events were pruned while no relay ran. A node looks at the first and the last row of a recovery only."""
    alice, bob, _ = people
    _, position = alice.messages(room)
    first = position["offset"] + 1
    with AGENTS["py"]() as reader:
        follow(reader, edge.nodes[0].ws_url, bob, room)
        alice.say(room, "copied")
        reader.wait_for_offset(channel(room), first)
    edge.kill_relay()
    alice.say(room, "pruned")
    alice.say(room, "kept")
    edge.site.shell(PRUNE.format(stream=channel(room), offset=first + 1))
    edge.start_relay()
    found = {}
    for since in (first - 1, first, first + 1, first + 2):
        with RawSocket(edge.nodes[1].ws_url) as socket:
            socket.connect(bob.fresh_token())
            place = {"epoch": position["epoch"], "offset": since}
            answer = subscribed(socket, channel(room), recover=True, **place)["subscribe"]
            shown = [each["offset"] for each in answer.get("publications", ())]
            found[since - first] = (answer.get("recovered", False), shown)
    assert found == {-1: (False, []), 0: (False, []), 1: (True, [first + 2]), 2: (True, [])}
