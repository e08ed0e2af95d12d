"""Ephemeral messages (typing) between clients at nodes of Centrifugo and at this server: they take no position."""

from __future__ import annotations

import pytest

from tests.centrifugo.edge import Edge
from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.sdk.agents import AGENTS, SdkClient, SdkError

pytestmark = pytest.mark.verify

People = tuple[Person, ...]
TYPING = {"type": "typing", "data": {"is_typing": True}}


def follow(client: SdkClient, url: str, person: Person, room: str) -> None:
    client.connect(url, get_token=person.fresh_token)
    client.subscribe(channel(room))
    client.wait_for("subscribed", channel(room))


def test_an_ephemeral_message_reaches_all_servers_and_moves_no_position(
    edge: Edge, people: People, room: str, client: SdkClient
) -> None:
    alice, bob, _ = people
    urls = [edge.nodes[0].ws_url, edge.nodes[1].ws_url, edge.site.ws_url]
    alice.say(room, "before")
    follow(client, edge.nodes[0].ws_url, bob, room)
    others = [AGENTS["py"]() for _ in urls]
    try:
        for other, url in zip(others, urls, strict=True):
            follow(other, url, alice, room)
        client.publish(channel(room), TYPING)
        for each in (client, *others):
            received = each.wait_for_type(channel(room), "typing")
            assert (received.offset, received.data["data"]) == (0, TYPING["data"])
            assert received.data["actor"] == {"type": "user", "id": bob.id}
            assert received.info is not None
            assert received.info["user"] == bob.id
        seen = len(client.events)
        others[-1].publish(channel(room), TYPING)
        received = client.wait_for("publication", channel(room), after=seen)
        assert (received.offset, received.data["actor"]) == (0, {"type": "user", "id": alice.id})
        assert received.info is not None
        assert received.info["user"] == alice.id
        alice.say(room, "after it")
        _, position = alice.messages(room)
        for each in (client, *others):
            found = each.wait_for_offset(channel(room), position["offset"])
            assert [event.offset for event in found if event.offset] == [position["offset"]]
        assert sum(event.offset == 0 for event in client.publications(channel(room))) == 2
    finally:
        for other in others:
            other.close()
    with AGENTS["py"]() as late:
        late.connect(edge.nodes[1].ws_url, get_token=bob.fresh_token)
        late.subscribe(channel(room), since={"epoch": position["epoch"], "offset": position["offset"] - 1})
        late.wait_for_offset(channel(room), position["offset"])
        assert late.wait_for("subscribed", channel(room)).recovered
        assert late.offsets(channel(room)) == [position["offset"]]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"type": "message.created", "data": {}}, 107),
        ({"type": "typing", "extra": 1}, 107),
        ("typing", 107),
        ({"type": "typing", "data": "x" * 5000}, 107),
    ],
)
def test_an_ephemeral_message_of_another_shape_is_refused(
    edge: Edge, people: People, room: str, data: object, code: int
) -> None:
    with AGENTS["py"]() as client:
        follow(client, edge.nodes[0].ws_url, people[1], room)
        with pytest.raises(SdkError) as refused:
            client.publish(channel(room), data)
        assert refused.value.code == code


def test_a_kind_without_ephemeral_messages_says_so(edge: Edge, people: People) -> None:
    bob = people[1]
    stream = f"user:{bob.id}"
    with AGENTS["py"]() as client:
        client.connect(edge.nodes[0].ws_url, get_token=bob.fresh_token)
        client.subscribe(stream)
        client.wait_for("subscribed", stream)
        with pytest.raises(SdkError) as refused:
            client.publish(stream, TYPING)
        assert refused.value.code in (103, 108)


def test_ephemeral_messages_are_rate_limited(edge: Edge, people: People, room: str) -> None:
    with AGENTS["py"]() as client:
        follow(client, edge.nodes[0].ws_url, people[1], room)
        codes = []
        for _ in range(10):
            try:
                client.publish(channel(room), TYPING)
            except SdkError as refused:
                codes.append(refused.code)
        assert len(codes) >= 4
        assert set(codes) == {111}


def test_a_removed_member_gets_no_message_that_follows(edge: Edge, people: People, room: str) -> None:
    """Neither the typing of another: it waits, as events do, until the access has ended at all nodes."""
    alice, bob, _ = people
    with AGENTS["py"]() as guest, AGENTS["py"]() as witness, AGENTS["py"]() as writer:
        follow(witness, edge.nodes[0].ws_url, alice, room)
        follow(writer, edge.nodes[1].ws_url, alice, room)
        follow(guest, edge.nodes[0].ws_url, bob, room)
        alice.remove(room, bob)
        writer.publish(channel(room), TYPING)
        witness.wait_for_type(channel(room), "typing")
        guest.wait_for("unsubscribed", channel(room))
        assert [event for event in guest.publications(channel(room)) if event.data["type"] == "typing"] == []


def test_a_client_that_is_not_subscribed_publishes_nothing(edge: Edge, people: People, room: str) -> None:
    with RawSocket(edge.nodes[0].ws_url) as socket:
        socket.connect(people[1].fresh_token())
        socket.send({"id": 2, "publish": {"channel": channel(room), "data": TYPING}})
        assert socket.reply(2)["error"]["code"] == 103
