"""A connection ends with its token, unless the token is renewed on the live socket."""

import threading
import time
from collections.abc import Callable

import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People

TTL_SECONDS = 4
CLOSED_EXPIRED = 3005
pytestmark = [
    pytest.mark.site(processes=1, settings={"ACCESS_TOKEN_SECONDS": str(TTL_SECONDS)}),
    pytest.mark.shown_on("embedded"),  # a matter of one process
]


def test_the_sdk_renews_its_token_in_place_and_misses_nothing(site: Site, people: People, sdk: MakeClient) -> None:
    alice, bob, _ = people
    room = alice.make_room()
    asked = []

    def get_token() -> str:
        asked.append(time.monotonic())
        return alice.fresh_token()

    client = sdk()
    client.connect(site.ws_url, get_token=get_token)
    client.subscribe(channel(room))
    client.wait_for("subscribed", channel(room))

    # Bob writes, because his tokens must be fresh too while Alice's SDK holds hers.
    alice.fresh_token()
    alice.add(room, bob)
    for number in range(3 * TTL_SECONDS * 4):
        if number % 8 == 0:
            bob.fresh_token()
        bob.say(room, f"message {number}")
        threading.Event().wait(0.25)

    events = client.wait_for_offset(channel(room), 2 + 3 * TTL_SECONDS * 4)
    assert [event.offset for event in events] == list(range(2, 3 + 3 * TTL_SECONDS * 4))
    assert len(asked) >= 3
    assert client.kinds().count("connected") == 1
    assert client.kinds().count("subscribed") == 1


def test_a_socket_whose_token_was_not_renewed_is_closed(
    site: Site, people: People, raw: Callable[[str], RawSocket]
) -> None:
    alice, *_ = people
    room = alice.make_room()
    socket = raw(site.ws_url)
    reply = socket.connect(alice.fresh_token())["connect"]
    assert reply["expires"] is True
    assert 0 < reply["ttl"] <= TTL_SECONDS
    socket.subscribe(channel(room))

    began = time.monotonic()
    assert socket.close_code(timeout=TTL_SECONDS + 40) == CLOSED_EXPIRED
    assert time.monotonic() - began >= reply["ttl"] - 1


def test_a_refresh_gives_a_new_time_to_live(site: Site, people: People, raw: Callable[[str], RawSocket]) -> None:
    alice, *_ = people
    socket = raw(site.ws_url)
    socket.connect(alice.fresh_token())
    socket.send({"id": 2, "refresh": {"token": alice.fresh_token()}})
    answer = socket.reply(2)["refresh"]
    assert answer["expires"] is True
    assert 0 < answer["ttl"] <= TTL_SECONDS


def test_an_sdk_that_cannot_renew_its_token_ends_signed_out(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    client = sdk()
    client.connect(site.ws_url, token=alice.fresh_token())
    client.wait_for("connected")
    client.wait_for("disconnected", timeout=TTL_SECONDS + 40)
