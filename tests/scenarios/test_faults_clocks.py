"""Processes whose clocks are a minute apart, either way: order, positions and access stay as they are."""

from collections.abc import Iterator

import pytest

from tests.rig.rest import channel
from tests.rig.site import Site, Sites
from tests.scenarios.conftest import MakeClient
from tests.scenarios.copies import Copy, texts
from tests.soak.failpoints import APP, SKEW

SECONDS = 60
pytestmark = [pytest.mark.parametrize("sdk", ["py"], indirect=True), pytest.mark.only_size("grown")]


@pytest.fixture(scope="module", params=[SECONDS, -SECONDS], ids=["ahead", "behind"])
def skewed_site(size: str, sites: Sites, request: pytest.FixtureRequest) -> Iterator[Site]:
    """A site whose second process has another time of day."""
    site = sites.make(size, processes=2, settings={"TIDEWIRE_EXTRA_APPS": APP})
    site.servers[1]._environment = {**site.environment, SKEW: str(request.param)}
    site.start()
    yield site
    site.stop()
    site.check_logs()


def test_events_of_both_processes_are_one_gapless_stream(skewed_site: Site, sdk: MakeClient) -> None:
    alice = skewed_site.person("alice")
    room = alice.make_room()
    there = skewed_site.at(skewed_site.servers[1], alice)
    messages, position = alice.messages(room)
    clients = [sdk(), sdk()]
    for client, server in zip(clients, skewed_site.servers, strict=True):
        client.connect(server.ws_url, token=alice.access)
        client.subscribe(channel(room), since=position)
    said = [(alice if number % 2 else there).say(room, f"message {number}")["text"] for number in range(20)]

    now, _ = alice.messages(room)
    for client in clients:
        publications = client.wait_for_offset(channel(room), position["offset"] + 20)
        assert client.offsets(channel(room)) == list(range(position["offset"] + 1, position["offset"] + 21))
        assert texts(publications) == said
        assert Copy(messages).apply_all(publications).listed() == now


def test_a_removal_there_is_a_removal_here(skewed_site: Site, sdk: MakeClient) -> None:
    alice, bob = skewed_site.people("alice", "bob")
    room = alice.make_room()
    alice.add(room, bob)
    member = sdk()
    member.connect(skewed_site.servers[0].ws_url, token=bob.access)
    member.subscribe(channel(room))
    member.wait_for("subscribed", channel(room))

    there = skewed_site.at(skewed_site.servers[1], alice)
    there.remove(room, bob)
    for number in range(5):
        there.say(room, f"not for bob {number}")

    member.wait_for("unsubscribed", channel(room))
    assert [event.data["type"] for event in member.publications(channel(room))] in ([], ["member.left"])


def test_a_sign_in_there_is_good_here(skewed_site: Site, sdk: MakeClient) -> None:
    """The token of a process that is ahead comes from the future, as the other process sees it."""
    alice = skewed_site.person("alice")
    room = alice.make_room()
    there = skewed_site.at(skewed_site.servers[1], alice)
    there.log_in()
    here = skewed_site.at(skewed_site.servers[0], there)

    here.say(room, "with a token from there")
    client = sdk()
    client.connect(skewed_site.servers[0].ws_url, token=here.access)
    client.subscribe(channel(room))
    client.wait_for("subscribed", channel(room))


def test_two_tabs_that_refresh_here_and_there_stay_signed_in(skewed_site: Site, sdk: MakeClient) -> None:
    """A process that is ahead must not take the second refresh for that of a thief."""
    here = skewed_site.person("alice")
    there = skewed_site.at(skewed_site.servers[1], here)

    here.fresh_token()
    there.fresh_token()

    assert here.refresh == there.refresh
    for tab in (here, there):
        assert tab.get("me/")["id"] == here.id
        tab.fresh_token()
