"""The relay is killed with -9 at each place between a revocation and the copy of what follows: nothing leaks, and
nothing is lost or repeated."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.centrifugo.edge import Edge
from tests.centrifugo.faults import APP, FAULT, PLACES
from tests.rig.rest import Person, channel
from tests.rig.verify import figure
from tests.sdk.agents import AGENTS

pytestmark = pytest.mark.verify


@pytest.fixture
def relay(edge: Edge) -> Iterator[Edge]:
    """The shared edge, with a relay that has faults."""
    edge.kill_relay()
    edge.start_relay({"TIDEWIRE_EXTRA_APPS": APP, FAULT: str(edge.fault)})
    yield edge
    edge.kill_relay()
    edge.start_relay()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("revocation", ["logout", "removal"])
def test_a_relay_killed_at_any_place_leaks_loses_and_repeats_nothing(
    relay: Edge, people: tuple[Person, ...], revocation: str, place: str
) -> None:
    alice, bob, _ = people
    alice.fresh_token()
    room = alice.make_room()
    alice.add(room, bob)
    guest = bob.at(relay.site.url)
    guest.log_in()
    with ExitStack() as stack:
        client, *witnesses = (stack.enter_context(AGENTS["py"]()) for _ in range(3))
        client.connect(relay.nodes[1].ws_url, get_token=guest.fresh_token)
        for node, witness in zip(relay.nodes, witnesses, strict=True):
            witness.connect(node.ws_url, get_token=alice.fresh_token)
        for each in (client, *witnesses):
            each.subscribe(channel(room))
            each.wait_for("subscribed", channel(room))
        _, before = alice.messages(room)
        heard = alice.say(room, "before")
        client.wait_for("publication", channel(room))
        relay.pause_relay()
        relay.fault.write_text(place)
        if revocation == "logout":
            guest.post("token/blacklist/", {"refresh": guest.refresh}, signed=False)
        else:
            alice.remove(room, guest)
        alice.say(room, "at once")
        relay.resume_relay()
        assert relay.wait_for_relay() == -signal.SIGKILL
        assert not relay.fault.exists()
        alice.say(room, "while no relay runs")
        relay.start_relay()
        alice.say(room, "afterwards")
        _, position = alice.messages(room)
        expected = list(range(before["offset"] + 1, position["offset"] + 1))
        for witness in witnesses:
            witness.wait_for_offset(channel(room), position["offset"], timeout=60)
            assert witness.offsets(channel(room)) == expected
        client.wait_for("disconnected" if revocation == "logout" else "unsubscribed", timeout=60)
        assert [event.data["data"]["id"] for event in client.publications(channel(room))] == [heard["id"]]
    guest.close()
    figure(f"relay killed after a {revocation}, where {place}: 0 leaked, 0 lost, 0 repeated")
