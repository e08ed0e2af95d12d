"""Frames of commands and their replies: every command in every state."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from tests.tidewire.connection.site import ROOM, USER, denied, error, receive
from tidewire.connection import rpc
from tidewire.connection.protocol_connection import TURN_COMMANDS
from tidewire.delivery.log_reader import LogUnavailableError

# -- before connect --------------------------------------------------------------------------------------------------


COMMANDS = [
    {"subscribe": {"channel": ROOM}},
    {"unsubscribe": {"channel": ROOM}},
    {"publish": {"channel": ROOM, "data": {}}},
    {"presence": {"channel": ROOM}},
    {"presence_stats": {"channel": ROOM}},
    {"history": {"channel": ROOM}},
    {"refresh": {"token": "alice"}},
    {"rpc": {"method": "m"}},
    {"sub_refresh": {}},
    {"ping": {}},
    {"something_newer": {}},
    {"subscribe": {}},
]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
async def test_any_command_before_connect_ends_the_connection(client, command):
    assert await client.send({"id": 1, **command}) == []
    assert client.ended_with == [3501]


@pytest.mark.parametrize("command", COMMANDS[:-2], ids=str)
async def test_a_command_without_an_id_ends_the_connection(alice, command):
    await alice.send(command)
    assert alice.ended_with == [3501]


async def test_a_connect_without_an_id_ends_the_connection(client):
    await client.send({"connect": {"token": "alice"}})
    assert client.ended_with == [3501]


# -- frames ----------------------------------------------------------------------------------------------------------


async def test_commands_of_one_frame_are_answered_in_order(client):
    replies = await client.send(
        {"id": 1, "connect": {"token": "alice"}},
        {"id": 2, "subscribe": {"channel": ROOM}},
        {"id": 3, "subscribe": {"channel": USER}},
        {"id": 4, "ping": {}},
        {"id": 5, "subscribe": {"channel": "room:2"}},
        {"id": 6, "unsubscribe": {"channel": ROOM}},
    )
    assert [reply["id"] for reply in replies if "id" in reply] == [1, 2, 3, 4, 5, 6]
    assert client.site.log.asked("readable_positions") == 2  # neighbouring subscribes share a query


@pytest.mark.parametrize("text", ["", "hello", "[]", "{", '{"id":1', "[" * 1500, '{"id":0,"connect":1}'])
async def test_a_message_that_is_no_frame_ends_the_connection(alice, text):
    assert await alice.send(text) == []
    assert alice.ended_with == [3501]


async def test_a_frame_that_is_too_long_ends_the_connection(alice):
    await alice.send({"id": 2, "rpc": {"method": "x" * 2000}})
    assert alice.ended_with == [3501]


async def test_too_many_commands_in_a_frame_end_the_connection(alice):
    assert len(await alice.send(*[{"id": number, "ping": {}} for number in range(1, 11)])) == 10
    assert await alice.send(*[{"id": number, "ping": {}} for number in range(1, 12)]) == []
    assert alice.ended_with == [3501]


@pytest.mark.parametrize("command", [{"subscribe": {}}, {"connect": []}, {"ping": {}, "rpc": {}}], ids=str)
async def test_a_command_of_the_wrong_shape_is_an_error(alice, command):
    assert await alice.send({"id": 7, **command}, {"id": 8, "ping": {}}) == [
        error(7, 107, "bad request"),
        {"id": 8, "ping": {}},
    ]


async def test_a_command_without_a_known_method_is_not_found(alice):
    assert await alice.send({"id": 7}, {"id": 8, "something_newer": {}}) == [
        error(7, 104, "method not found"),
        error(8, 104, "method not found"),
    ]


async def test_a_method_of_the_protocol_that_is_not_offered_is_not_available(alice):
    assert await alice.send({"id": 7, "sub_refresh": {}}) == [error(7, 108, "not available")]


async def test_an_asynchronous_message_has_no_reply(alice):
    assert await alice.send({"send": {"data": 1}}, {"id": 3, "send": {}}, {"id": 4, "ping": {}}) == [
        {"id": 4, "ping": {}}
    ]


async def test_a_pong_is_no_command(alice):
    alice.socket.send_queue.ping()
    assert await alice.send({}, {}) == [{}]
    assert alice.socket.send_queue.unread < 10
    assert alice.ended_with == []


async def test_an_unexpected_error_ends_the_connection_with_a_code_to_come_back(alice, monkeypatch, caplog):
    async def fail(context: rpc.RpcContext, data: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rpc, "method", lambda name: fail)
    await alice.send({"id": 2, "rpc": {"method": "m"}})
    assert alice.ended_with == [3004]
    assert "a command failed" in caplog.text


async def test_nothing_is_answered_after_the_end(alice):
    assert await alice.send({"id": 2, "connect": {"token": "alice"}}, {"id": 3, "ping": {}}) == []
    assert await alice.send({"id": 4, "ping": {}}) == []
    assert alice.ended_with == [3501]


# -- subscribe -------------------------------------------------------------------------------------------------------


async def test_a_subscription_starts_at_the_head(alice):
    alice.site.log.write(ROOM, 3)
    assert await alice.subscribe() == {
        "recoverable": True,
        "positioned": True,
        "epoch": alice.site.log.stored(ROOM).epoch,
        "offset": 3,
    }
    alice.site.dispatch(*alice.site.log.write(ROOM))
    (frame,) = [frame for frame in await alice.new_frames() if "pub" in frame.get("push", {})]
    assert (frame["push"]["channel"], frame["push"]["pub"]["offset"]) == (ROOM, 4)
    assert frame["push"]["pub"]["tags"] == {"type": "item.changed"}


async def test_missed_events_are_in_the_reply(alice):
    alice.site.log.write(ROOM, 3)
    result = await alice.subscribe(recover=True, epoch=alice.site.log.stored(ROOM).epoch, offset=1)
    assert [publication["offset"] for publication in result["publications"]] == [2, 3]
    assert (result["offset"], result["recovered"], result["was_recovering"]) == (1, True, True)


async def test_an_unrecoverable_position_is_not_recovered(alice):
    alice.site.log.write(ROOM, 3)
    result = await alice.subscribe(recover=True, epoch="another", offset=1)
    assert "recovered" not in result
    assert (result["offset"], result["was_recovering"]) == (3, True)


async def test_an_unrecoverable_position_is_an_error_where_the_client_asks_for_one(alice):
    request = {"channel": ROOM, "recover": True, "epoch": "another", "offset": 1, "flag": 2}
    assert await alice.send({"id": 2, "subscribe": request}) == [error(2, 112, "unrecoverable position")]
    await alice.subscribe()  # without a position it may subscribe


async def test_subscribing_twice_is_an_error(alice):
    await alice.subscribe()
    assert await alice.send({"id": 3, "subscribe": {"channel": ROOM}}) == [error(3, 105, "already subscribed")]
    request = {"subscribe": {"channel": USER}}
    replies = await alice.send({"id": 4, **request}, {"id": 5, **request})
    assert sorted(reply["id"] for reply in replies) == [4, 5]
    assert error(5, 105, "already subscribed") in replies


async def test_the_number_of_subscriptions_is_limited(alice):
    replies = await alice.send(*[{"id": n, "subscribe": {"channel": f"room:{n}"}} for n in range(1, 7)])
    assert error(6, 106, "limit exceeded") in replies
    assert len(alice.connection.subscriptions) == 5
    await alice.send({"id": 7, "unsubscribe": {"channel": "room:1"}})
    await alice.subscribe("room:6")


@pytest.mark.parametrize(
    "channel", ["room:hidden", "", "room", "room:", "nowhere:1", "room:1/2", "revocations:all", "x" * 200]
)
async def test_hidden_absent_and_impossible_streams_look_the_same(alice, channel):
    alice.site.log.members["room:hidden"] = {"bob"}
    assert await alice.send({"id": 2, "subscribe": {"channel": channel}}) == [denied(2)]
    assert alice.connection.subscriptions == {}
    assert alice.site.engine.subscriptions.streams() == []


async def test_a_database_that_is_away_is_a_temporary_error(alice):
    alice.site.log.error = LogUnavailableError("away")
    expected = error(2, 100, "internal server error", temporary=True)
    assert await alice.send({"id": 2, "subscribe": {"channel": ROOM}}) == [expected]
    alice.site.log.error = None
    await alice.subscribe()


async def test_an_unexpected_error_while_subscribing_leaves_nothing_registered(alice, caplog):
    alice.site.log.error = ZeroDivisionError()
    expected = error(2, 100, "internal server error", temporary=True)
    assert await alice.send({"id": 2, "subscribe": {"channel": ROOM}}) == [expected]
    assert "subscribing failed" in caplog.text
    assert (alice.connection.subscriptions, alice.site.engine.subscriptions.streams()) == ({}, [])


async def test_after_an_unsubscribe_no_event_is_sent(alice):
    await alice.subscribe()
    assert await alice.send({"id": 3, "unsubscribe": {"channel": ROOM}}) == [{"id": 3, "unsubscribe": {}}]
    alice.site.dispatch(*alice.site.log.write(ROOM))
    assert await alice.new_frames() == []
    assert alice.site.engine.subscriptions.streams() == []


async def test_unsubscribing_without_a_subscription_is_harmless(alice):
    assert await alice.send({"id": 3, "unsubscribe": {"channel": "nowhere"}}) == [{"id": 3, "unsubscribe": {}}]


async def test_losing_a_stream_is_an_unsubscribe_push_and_leaves_the_others(alice):
    log = alice.site.log
    await alice.subscribe()
    await alice.subscribe(USER)
    log.members[ROOM] = {"bob"}
    alice.site.dispatch(*log.write(ROOM, ends_access="alice"), *log.write(ROOM))
    pushes = [frame["push"] for frame in await alice.new_frames() if "push" in frame]
    assert [push for push in pushes if "pub" in push and push["pub"]["offset"] == 2] == []
    assert {"channel": ROOM, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}} in pushes
    assert list(alice.connection.subscriptions) == [USER]
    assert await alice.send({"id": 3, "subscribe": {"channel": ROOM}}) == [denied(3)]


# -- what one message costs the others -------------------------------------------------------------------------------


async def test_a_message_full_of_commands_leaves_turns_to_others(alice):
    """Also where none of the commands waits for anything."""
    count = 100 * TURN_COMMANDS
    alice.connection.rules = replace(alice.connection.rules, max_frame_bytes=10**6, max_commands=count)
    commands = [json.dumps({"id": number, "rpc": {"method": "no.such"}}) for number in range(2, 2 + count)]
    turns: list[int] = []

    async def count_turns() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    other = asyncio.create_task(count_turns())
    await receive(alice.connection, "\n".join(commands))
    other.cancel()
    assert len(turns) >= count // TURN_COMMANDS
    replies = [frame["error"]["code"] for frame in await alice.new_frames() if frame.get("id", 0) > 1]
    assert replies == [108] * count


async def test_a_long_answer_costs_as_several_commands(alice):
    await alice.subscribe()
    alice.site.log.write(ROOM, 100, size=2000)
    parsed = alice.connection.parse(json.dumps({"id": 3, "history": {"channel": ROOM, "limit": 100}}))
    assert await alice.connection.receive([parsed]) == 100 * 2000 // (16 * 1024)
    parsed = alice.connection.parse(json.dumps({"id": 4, "history": {"channel": ROOM, "limit": 1}}))
    assert await alice.connection.receive([parsed]) == 0
