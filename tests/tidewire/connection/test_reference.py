"""A connection used to the full, and what of the protocol's reference it takes, refuses and never ignores."""

from __future__ import annotations

import json

import pytest

from tests.tidewire.connection.site import ROOM, ProtocolClient, error
from tests.tidewire.in_memory import NEVER, settled, until
from tidewire.connection.connection import Rules
from tidewire.connection.receive_queue import MessageRate, ReceiveQueue
from tidewire.ground.token_bucket import Cost

# -- one connection used to the full -----------------------------------------------------------------------------------


async def test_subscribes_of_one_message_each_are_answered_together(site):
    """As the SDKs for Java, Swift, Go, Dart and Python send them: one access query for those that wait."""
    client = await ProtocolClient(site, rules=Rules(25, NEVER, NEVER, 2000, 10, 512)).connect()
    rooms = [f"room:{number}" for number in range(512)]
    site.log.members.update({room: {"alice"} for room in rooms})
    rate = MessageRate(burst=60, per_second=30, subscribe_burst=512, queued_messages=1024, queued_bytes=512 * 1024)
    queue = ReceiveQueue(
        client.connection.parse, client.connection.receive, client.connection.end, rate, client.connection.shared_rates
    )
    before = site.log.asked("readable_positions")
    for number, room in enumerate(rooms):
        queue.enqueue(json.dumps({"id": number + 2, "subscribe": {"channel": room}}))
    await until(lambda: len(client.connection.subscriptions) == 512)
    await settled()
    assert all(subscription.is_open for subscription in client.connection.subscriptions.values())
    assert site.log.asked("readable_positions") - before < 10
    assert client.ended_with == []


async def test_a_message_full_of_commands_costs_as_much_as_many_messages(site):
    client = await ProtocolClient(site, rules=Rules(25, NEVER, NEVER, 2000, 100, 5)).connect()
    parsed = client.connection.parse("\n".join(json.dumps({"id": number + 2, "ping": {}}) for number in range(50)))
    assert parsed.cost == Cost(commands=50, subscribes=0)
    mixed = client.connection.parse('{"id":2,"subscribe":{"channel":"room:1"}}\n{"id":3,"ping":{}}')
    assert mixed.cost == Cost(commands=1, subscribes=1)


# -- what the protocol's reference takes, and what is refused ----------------------------------------------------------

SHOUTED = "room:0197AF00-0000-7000-8000-00000000ABCD"


async def test_a_stream_in_capitals_is_the_stream_under_the_name_that_the_client_uses(site):
    log = site.log
    stream = SHOUTED.lower()
    log.members[stream] = {"alice", "bob"}
    alice, bob = await ProtocolClient(site).connect("alice"), await ProtocolClient(site).connect("bob")
    await alice.subscribe(SHOUTED)
    await bob.subscribe(stream)
    again = await alice.send({"id": 3, "subscribe": {"channel": stream}})
    assert again == [error(3, 105, "already subscribed")]
    entries = log.write(stream)
    site.engine.hub.dispatch(stream, log.stored(stream).epoch, entries)
    assert [frame["push"]["channel"] for frame in await alice.new_frames()] == [SHOUTED]
    assert [frame["push"]["channel"] for frame in await bob.new_frames()] == [stream]
    (history,) = await alice.send({"id": 4, "history": {"channel": SHOUTED, "limit": 5}})
    assert [event["offset"] for event in history["history"]["publications"]] == [1]
    await alice.send({"id": 5, "unsubscribe": {"channel": SHOUTED}})
    assert alice.connection.subscriptions == {}


@pytest.mark.parametrize(
    ("asked", "code", "reason"),
    [
        ({"tf": {"op": "", "key": "type", "cmp": "eq", "val": "x"}}, 107, "bad request"),
        ({"type": 1}, 108, "not available"),
        ({"type": 3}, 108, "not available"),
    ],
    ids=str,
)
async def test_what_is_not_offered_is_refused_and_not_ignored(alice, asked, code, reason):
    assert await alice.send({"id": 2, "subscribe": {"channel": ROOM, **asked}}) == [error(2, code, reason)]
    assert alice.connection.subscriptions == {}


@pytest.mark.parametrize("asked", [{"tf": None}, {"type": 0}, {"flag": 2**40}, {"flag": -1}, {"epoch": None}], ids=str)
async def test_what_the_reference_takes_is_taken(alice, asked):
    (reply,) = await alice.send({"id": 2, "subscribe": {"channel": ROOM, **asked}})
    assert "subscribe" in reply


async def test_nulls_stand_for_absent_fields_also_in_connect(client):
    (reply,) = await client.send('{"id":1,"connect":{"token":"alice","name":null,"version":null},"subscribe":null}')
    assert "connect" in reply
    assert client.ended_with == []


async def test_a_negative_limit_asks_for_a_page(alice):
    alice.site.log.write(ROOM, 3)
    (reply,) = await alice.send({"id": 2, "history": {"channel": ROOM, "limit": -1, "since": None}})
    assert [event["offset"] for event in reply["history"]["publications"]] == [1, 2, 3]
