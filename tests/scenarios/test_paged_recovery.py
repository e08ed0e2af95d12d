"""Thousands of missed events come back in pages: all of them, once, in order, and in frames of bounded size."""

from collections.abc import Callable

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People

MISSED = 3000
PAGE_EVENTS, FRAME_BYTES = 500, 512 * 1024


def make_missed_events(site: Site, person: Person, padding: int = 0) -> tuple[str, dict]:
    """Makes a room and then writes 3,000 messages in 30 transactions. Returns the room and its position before them."""
    room = person.make_room()
    _, position = person.messages(room)
    site.shell(
        "from api.models import Message\n"
        f"for first in range(0, {MISSED}, 100):\n"
        "    Message.objects.bulk_create(\n"
        f"        Message(room_id='{room}', author_id='{person.id}', text=f'{{n}} ' + 'x' * {padding})\n"
        "        for n in range(first, first + 100)\n"
        "    )\n"
    )
    return room, position


def test_three_thousand_missed_events_are_recovered(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room, position = make_missed_events(site, alice)
    client = sdk()
    client.connect(site.ws_url, get_token=alice.fresh_token)
    client.subscribe(channel(room), since=position)

    back = client.wait_for("subscribed", channel(room))
    assert (back.was_recovering, back.recovered) == (True, True)
    client.wait_for_offset(channel(room), position["offset"] + MISSED, timeout=60)
    alice.say(room, "live")
    events = client.wait_for_offset(channel(room), position["offset"] + MISSED + 1)
    first = position["offset"] + 1
    assert client.offsets(channel(room)) == list(range(first, first + MISSED + 1))
    numbers = [event.data["data"]["text"].split()[0] for event in events]
    assert numbers == [*(str(n) for n in range(MISSED)), "live"]
    # One subscription was enough: there was no second try.
    assert client.kinds().count("subscribed") == 1


def test_events_written_during_the_recovery_follow_it(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room, position = make_missed_events(site, alice)
    client = sdk()
    client.connect(site.ws_url, get_token=alice.fresh_token)
    client.subscribe(channel(room), since=position)
    for number in range(30):
        alice.say(room, f"meanwhile {number}")

    first, last = position["offset"] + 1, position["offset"] + MISSED + 30
    client.wait_for_offset(channel(room), last, timeout=60)
    assert client.offsets(channel(room)) == list(range(first, last + 1))


def test_no_frame_is_above_its_limit(site: Site, people: People, raw: Callable[[str], RawSocket]) -> None:
    alice, *_ = people
    room, position = make_missed_events(site, alice, padding=2000)
    socket = raw(site.ws_url)
    socket.connect(alice.access)
    reply = socket.subscribe(channel(room), recover=True, epoch=position["epoch"], offset=position["offset"])

    result = reply["subscribe"]
    page = [publication["offset"] for publication in result["publications"]]
    assert result["recovered"] is True
    assert 0 < len(page) <= PAGE_EVENTS
    # Not beyond what the reply holds: each later publication moves the client on by itself.
    assert position["offset"] <= result["offset"] <= page[-1]
    last = position["offset"] + MISSED
    offsets = page
    while offsets[-1] < last:
        offsets.append(socket.receive(timeout=30)["push"]["pub"]["offset"])
    assert offsets == list(range(position["offset"] + 1, last + 1))
    assert max(socket.frames) <= FRAME_BYTES


def test_a_position_of_another_epoch_is_never_recovered(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    answers = [{"epoch": "another", "offset": 1}]

    def get_state() -> dict:
        """Returns a position that cannot be recovered, and at the second call the true one."""
        return answers.pop() if answers else alice.messages(room)[1]

    client = sdk()
    client.connect(site.ws_url, get_token=alice.fresh_token)
    client.subscribe(channel(room), get_state=get_state)

    back = client.wait_for("subscribed", channel(room))
    assert (back.was_recovering, back.recovered) == (True, True)
    assert not answers
