"""A client reads nothing that it may not: not at subscribe, and not after losing access, on any process."""

from collections.abc import Callable

from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People, follow

PERMISSION_DENIED, SERVER_UNSUBSCRIBE = 103, 2000


def test_owner_and_member_may_subscribe_and_a_stranger_may_not(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    alice, bob, charlie = people
    for insider in (alice, bob):
        follow(sdk(), site.ws_url, insider, room)

    stranger = sdk()
    stranger.connect(site.ws_url, get_token=charlie.fresh_token)
    stranger.subscribe(channel(room))

    assert stranger.wait_for("unsubscribed", channel(room)).code == PERMISSION_DENIED
    alice.say(room, "secret")
    assert stranger.publications(channel(room)) == []


def test_a_hidden_room_and_one_that_never_was_answer_alike(
    site: Site, people: People, raw: Callable[[str], RawSocket]
) -> None:
    alice, _, charlie = people
    room = alice.make_room()
    absent = room[:-4] + ("0000" if room[-4:] != "0000" else "1111")
    socket = raw(site.ws_url)
    socket.connect(charlie.access)

    hidden = socket.subscribe(channel(room), id=2)
    never = socket.subscribe(channel(absent), id=2)
    assert hidden["error"]["code"] == PERMISSION_DENIED
    assert hidden == never
    assert socket.subscribe(f"user:{alice.id}", id=2) == hidden


def test_a_removed_member_gets_an_unsubscribe_and_no_later_event(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    """Bob's socket is on the last process, Alice removes him on the first."""
    alice, bob, _ = people
    owner, member = sdk(), sdk()
    follow(owner, site.servers[0].ws_url, alice, room)
    follow(member, site.servers[-1].ws_url, bob, room)
    alice.say(room, "for both")
    member.wait_for_offset(channel(room), 3)

    alice.remove(room, bob)
    for number in range(20):
        alice.say(room, f"not for bob {number}")

    assert member.wait_for("unsubscribed", channel(room)).code == SERVER_UNSUBSCRIBE
    owner.wait_for_offset(channel(room), 24)
    left = next(e.offset for e in owner.publications(channel(room)) if e.data["type"] == "member.left")
    assert [offset for offset in member.offsets(channel(room)) if offset > left] == []
    # The connection lives on: only the stream was lost.
    assert member.kinds().count("connected") == 1
    assert "disconnected" not in member.kinds()


def test_a_removed_member_may_not_subscribe_again_until_let_in_again(
    site: Site, people: People, room: str, raw: Callable[[str], RawSocket]
) -> None:
    alice, bob, _ = people
    socket = raw(site.servers[-1].ws_url)
    socket.connect(bob.access)
    position = socket.subscribe(channel(room))["subscribe"]

    alice.remove(room, bob)
    while "unsubscribe" not in (push := socket.receive()["push"]):
        pass
    assert push == {"channel": channel(room), "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    again = {"recover": True, "epoch": position["epoch"], "offset": position["offset"]}
    assert socket.subscribe(channel(room), id=3, **again)["error"]["code"] == PERMISSION_DENIED

    alice.add(room, bob)
    assert socket.subscribe(channel(room), id=4, **again)["subscribe"]["recovered"] is True


def test_a_removal_while_the_member_was_away_is_refused_on_return(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    _, position = bob.messages(room)
    alice.say(room, "missed, and then forbidden")
    alice.remove(room, bob)

    member = sdk()
    member.connect(site.ws_url, get_token=bob.fresh_token)
    member.subscribe(channel(room), since=position)
    assert member.wait_for("unsubscribed", channel(room)).code == PERMISSION_DENIED
    assert member.publications(channel(room)) == []


def test_leaving_a_public_room_keeps_its_stream(site: Site, people: People, sdk: MakeClient) -> None:
    alice, bob, _ = people
    room = alice.make_room(kind="public")
    bob.post(f"rooms/{room}/join/")
    guest = sdk()
    follow(guest, site.servers[-1].ws_url, bob, room)

    bob.post(f"rooms/{room}/leave/")
    said = alice.say(room, "for everybody")

    event = guest.wait_for_type(channel(room), "message.created")
    assert event.data["data"] == said
    assert "unsubscribed" not in guest.kinds()


def test_a_deleted_room_unsubscribes_every_member(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    member = sdk()
    follow(member, site.servers[-1].ws_url, bob, room)

    alice.delete(f"rooms/{room}/")

    assert member.wait_for("unsubscribed", channel(room)).code == SERVER_UNSUBSCRIBE
