"""Presence, joins and leaves, and ephemeral messages (typing), which are not stored."""

from __future__ import annotations

import pytest

from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People, follow
from tests.sdk.agents import SdkError


def test_subscribers_see_each_other_come_and_go(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    here, there = sdk(), sdk()
    here.connect(site.servers[0].ws_url, get_token=alice.fresh_token)
    here.subscribe(channel(room), joins=True)
    here.wait_for("join", channel(room), where=lambda event: event.info["user"] == alice.id)

    follow(there, site.servers[-1].ws_url, bob, room)
    joined = here.wait_for("join", channel(room), where=lambda event: event.info["user"] == bob.id)
    assert here.presence(channel(room))[joined.info["client"]] == joined.info
    assert there.presence_stats(channel(room)) == (2, 2)

    there.unsubscribe(channel(room))
    left = here.wait_for("leave", channel(room))
    assert left.info == joined.info
    assert here.presence_stats(channel(room)) == (1, 1)


def test_an_ephemeral_message_reaches_other_processes_and_moves_no_position(
    site: Site, people: People, room: str, sdk: MakeClient
) -> None:
    alice, bob, _ = people
    here, there = sdk(), sdk()
    follow(here, site.servers[0].ws_url, alice, room)
    follow(there, site.servers[-1].ws_url, bob, room)
    position, before = here.history(channel(room), limit=100)

    there.publish(channel(room), {"type": "typing", "data": {"is_typing": True}})
    received = here.wait_for_type(channel(room), "typing")
    assert (received.offset, received.data["data"], received.info["user"]) == (0, {"is_typing": True}, bob.id)
    assert received.data["actor"] == {"type": "user", "id": bob.id}

    assert here.history(channel(room), limit=100) == (position, before)
    alice.say(room, "after it")
    assert here.wait_for_type(channel(room), "message.created").offset == position["offset"] + 1


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
    site: Site, people: People, room: str, sdk: MakeClient, data: object, code: int
) -> None:
    alice, *_ = people
    client = sdk()
    follow(client, site.servers[0].ws_url, alice, room)
    with pytest.raises(SdkError) as refused:
        client.publish(channel(room), data)
    assert refused.value.code == code


def test_ephemeral_messages_are_rate_limited(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, *_ = people
    client = sdk()
    follow(client, site.servers[0].ws_url, alice, room)
    codes = []
    for _ in range(20):
        try:
            client.publish(channel(room), {"type": "typing"})
        except SdkError as refused:
            codes.append(refused.code)
    assert len(codes) >= 10
    assert set(codes) == {111}


def test_a_kind_without_ephemeral_messages_or_presence_says_so(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    client = sdk()
    stream = f"user:{alice.id}"
    client.connect(site.servers[0].ws_url, get_token=alice.fresh_token)
    client.subscribe(stream)
    client.wait_for("subscribed", stream)
    for call in (lambda: client.publish(stream, {"type": "typing"}), lambda: client.presence(stream)):
        with pytest.raises(SdkError) as refused:
            call()
        assert refused.value.code == 108
