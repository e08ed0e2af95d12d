"""A process dies at the worst places of a write. Before COMMIT nothing happened; after it, every client gets it."""

import httpx
import pytest

from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.copies import texts
from tests.soak.failpoints import APP, KILL_AFTER_COMMIT, KILL_BEFORE_COMMIT

POLL_SECONDS = 1.0
pytestmark = [
    pytest.mark.parametrize("sdk", ["js", "py"] if IS_VERIFY else ["js"], indirect=True),
    pytest.mark.site(processes=2, settings={"TIDEWIRE_EXTRA_APPS": APP, "POLL_SECONDS": str(POLL_SECONDS)}),
]


def say_and_die(site: Site, person: Person, room: str, text: str) -> None:
    """Posts a text that kills the first process (a failpoint). No answer comes."""
    with pytest.raises(httpx.HTTPError):
        person.say(room, text)
    site.servers[0].process.wait(10)


@pytest.mark.only_size("grown")
def test_killed_between_commit_and_publish_and_others_get_it_by_the_poll(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    client = sdk()
    follow(client, site.servers[1].ws_url, bob, room)

    say_and_die(site, alice, room, KILL_AFTER_COMMIT)
    try:
        event = client.wait_for_type(channel(room), "message.created", timeout=POLL_SECONDS + 4 if IS_VERIFY else 30)
        assert event.data["data"]["text"] == KILL_AFTER_COMMIT
    finally:
        site.servers[0].start()
    alice.say(room, "and then")
    client.wait_for_offset(channel(room), 4)
    assert client.offsets(channel(room)) == [3, 4]
    assert texts(client.publications(channel(room))) == [KILL_AFTER_COMMIT, "and then"]


def test_killed_after_commit_and_the_same_client_gets_it_from_the_next_process(
    site: Site, people: People, sdk: MakeClient
) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.server.ws_url, alice, room)
    _, position = alice.messages(room)

    say_and_die(site, alice, room, KILL_AFTER_COMMIT)
    site.server.start()

    client.wait_for_offset(channel(room), position["offset"] + 1)
    assert texts(client.publications(channel(room))) == [KILL_AFTER_COMMIT]
    assert [message["text"] for message in alice.messages(room)[0]] == [KILL_AFTER_COMMIT]


def test_killed_before_commit_leaves_no_event_no_row_and_no_hole(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    _, position = alice.messages(room)

    say_and_die(site, alice, room, KILL_BEFORE_COMMIT)
    site.server.start()
    client = sdk()
    client.connect(site.servers[-1].ws_url, get_token=alice.fresh_token)
    client.subscribe(channel(room), since=position)
    alice.say(room, "the next one")

    client.wait_for_offset(channel(room), position["offset"] + 1)
    assert texts(client.publications(channel(room))) == ["the next one"]
    assert [message["text"] for message in alice.messages(room)[0]] == ["the next one"]
