"""Every change of a room reaches its subscribers as a typed event, in order, with the state REST shows."""

from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.copies import types


def test_created_edited_deleted_joined_left_arrive_typed_and_in_order(
    site: Site, people: People, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.ws_url, alice, room)

    created = alice.say(room, "hello")
    path = f"rooms/{room}/messages/{created['id']}/"
    edited = alice.patch(path, {"text": "hello, world"})
    member = alice.post(f"rooms/{room}/members/", {"user_id": bob.id, "role": "member"})
    alice.delete(path)
    alice.remove(room, bob)

    # The owner's own joining was offset 1.
    events = client.wait_for_offset(channel(room), 6)
    assert types(events) == ["message.created", "message.edited", "member.joined", "message.deleted", "member.left"]
    assert client.offsets(channel(room)) == [2, 3, 4, 5, 6]

    data = [event.data["data"] for event in events]
    assert data[:3] == [created, edited, member]
    assert (data[3]["id"], data[3]["room"]) == (created["id"], room)
    assert "text" not in data[3]
    assert data[4] == {"user": {"id": bob.id}}
    assert [event.data["actor"] for event in events] == [{"type": "user", "id": alice.id}] * 5


def test_the_actor_is_the_writer(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    client = sdk()
    follow(client, site.ws_url, alice, room)

    said = bob.say(room, "from bob")

    event = client.wait_for_type(channel(room), "message.created")
    assert event.data["actor"] == {"type": "user", "id": bob.id}
    assert event.data["data"] == said


def test_a_write_of_the_shell_arrives_too(site: Site, people: People, sdk: MakeClient) -> None:
    """The writer is not a server. Its event comes by the layer where there is one, else by the poll."""
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.ws_url, alice, room)

    site.shell(f"from api.models import Message; Message.objects.create(room_id='{room}', text='from the shell')")

    event = client.wait_for_type(channel(room), "message.created")
    assert event.data["data"]["text"] == "from the shell"
    assert event.data["actor"] == {"type": "system", "id": None}


def test_the_stream_of_a_person_has_the_rooms_joined_and_left(site: Site, people: People, sdk: MakeClient) -> None:
    alice, bob, _ = people
    room = alice.make_room("plans")
    client, stream = sdk(), f"user:{bob.id}"
    client.connect(site.ws_url, get_token=bob.fresh_token)
    client.subscribe(stream)
    position = client.wait_for("subscribed", stream).position
    assert position is not None

    alice.add(room, bob)
    alice.remove(room, bob)

    events = client.wait_for_offset(stream, position["offset"] + 2)
    assert types(events) == ["room.joined", "room.left"]
    assert events[0].data["data"]["id"] == room
    assert events[1].data["data"] == {"id": room}


def test_every_subscriber_gets_the_same_events_whichever_process_serves_it(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    first, last = sdk(), sdk()
    follow(first, site.servers[0].ws_url, alice, room)
    follow(last, site.servers[-1].ws_url, bob, room)

    for number in range(20):
        writer = site.at(site.servers[number % len(site.servers)], bob if number % 3 else alice)
        writer.say(room, f"message {number}")

    first.wait_for_offset(channel(room), 22)
    last.wait_for_offset(channel(room), 22)
    assert first.offsets(channel(room)) == last.offsets(channel(room)) == list(range(3, 23))
    assert [e.data for e in first.publications(channel(room))] == [e.data for e in last.publications(channel(room))]
