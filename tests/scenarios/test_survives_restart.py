"""The server is killed; nothing is lost and nothing comes twice."""

import threading

import httpx

from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.copies import Copy, texts


def write_from_the_shell(site: Site, room: str, author: Person, count: int) -> None:
    site.shell(
        "from api.models import Message\n"
        f"for number in range({count}):\n"
        f"    Message.objects.create(room_id='{room}', author_id='{author.id}', text=f'while down {{number}}')\n"
    )


def test_writes_of_a_shell_while_the_server_is_down_are_recovered(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.ws_url, alice, room)
    alice.say(room, "before")
    client.wait_for_offset(channel(room), 2)

    mark = len(client.events)
    site.server.kill()
    client.wait_for("connecting", after=mark)
    write_from_the_shell(site, room, alice, 20)
    site.server.start()

    back = client.wait_for("subscribed", channel(room), after=mark)
    assert (back.was_recovering, back.recovered) == (True, True)
    client.wait_for_offset(channel(room), 22)
    alice.say(room, "after")
    client.wait_for_offset(channel(room), 23)
    assert client.offsets(channel(room)) == list(range(2, 24))
    assert texts(client.publications(channel(room))) == ["before", *(f"while down {n}" for n in range(20)), "after"]


def test_a_server_killed_in_the_middle_of_writes_loses_and_repeats_nothing(
    site: Site, people: People, sdk: MakeClient
) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.ws_url, alice, room)
    start = client.wait_for("subscribed", channel(room)).position
    assert start is not None

    stop, answered = threading.Event(), []

    def write() -> None:
        """Posts until `stop` is set. A post without an answer may have been stored or not: both are right."""
        number = 0
        while not stop.is_set():
            number += 1
            try:
                alice.say(room, f"message {number}")
            except httpx.TransportError:
                stop.wait(0.05)
                continue
            answered.append(f"message {number}")

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        seen = client.publications(channel(room))
        mark = len(client.events)
        client.wait_for_offset(channel(room), (seen[-1].offset if seen else start["offset"]) + 5)
        site.server.kill()
        client.wait_for("connecting", after=mark)
        site.server.start()
        client.wait_for("subscribed", channel(room), after=mark)
    stop.set()
    writer.join()

    stored, position = alice.messages(room)
    client.wait_for_offset(channel(room), position["offset"])
    assert client.offsets(channel(room)) == list(range(start["offset"] + 1, position["offset"] + 1))
    assert Copy().apply_all(client.publications(channel(room))).listed() == stored
    assert set(answered) <= {message["text"] for message in stored}


def test_a_client_that_was_away_comes_back_to_another_process(site: Site, people: People, sdk: MakeClient) -> None:
    """Its position is good everywhere, because it belongs to the log and not to a process."""
    alice, *_ = people
    room = alice.make_room()
    first = sdk()
    follow(first, site.servers[0].ws_url, alice, room)
    position = first.wait_for("subscribed", channel(room)).position
    first.close()

    for number in range(5):
        alice.say(room, f"message {number}")

    second = sdk()
    second.connect(site.servers[-1].ws_url, get_token=alice.fresh_token)
    second.subscribe(channel(room), since=position)
    back = second.wait_for("subscribed", channel(room))
    assert (back.was_recovering, back.recovered) == (True, True)
    second.wait_for_offset(channel(room), 6)
    assert texts(second.publications(channel(room))) == [f"message {number}" for number in range(5)]
