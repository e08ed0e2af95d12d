"""History, presence, ephemeral messages and remote procedure calls."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.tidewire.connection.site import ROOM, USER, ProtocolClient, denied, error, receive
from tests.tidewire.in_memory import settled, until
from tidewire.connection import rpc


def offsets(reply: dict[str, Any]) -> list[int]:
    return [publication["offset"] for publication in reply["history"]["publications"]]


async def test_history_without_a_limit_is_the_position(alice):
    alice.site.log.write(ROOM, 3)
    epoch = alice.site.log.stored(ROOM).epoch
    assert await alice.send({"id": 2, "history": {"channel": ROOM}}) == [
        {"id": 2, "history": {"publications": [], "epoch": epoch, "offset": 3}}
    ]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"limit": 2}, [1, 2]),
        ({"limit": 100}, [1, 2, 3, 4, 5]),
        ({"limit": 2, "since": {"offset": 3}}, [4, 5]),
        ({"limit": 2, "reverse": True}, [5, 4]),
        ({"limit": 2, "reverse": True, "since": {"offset": 4}}, [3, 2]),
    ],
    ids=str,
)
async def test_history_in_pages(alice, request_, expected):
    alice.site.log.write(ROOM, 5)
    (reply,) = await alice.send({"id": 2, "history": {"channel": ROOM, **request_}})
    assert offsets(reply) == expected
    assert reply["history"]["offset"] == 5


async def test_history_of_another_epoch_is_an_error(alice):
    alice.site.log.write(ROOM, 5)
    request = {"channel": ROOM, "limit": 2, "since": {"offset": 1, "epoch": "another"}}
    assert await alice.send({"id": 2, "history": request}) == [error(2, 112, "unrecoverable position")]


async def test_history_is_denied_to_users_who_may_not_read(alice):
    alice.site.log.members[ROOM] = {"bob"}
    assert await alice.send({"id": 2, "history": {"channel": ROOM, "limit": 2}}) == [denied(2)]


@pytest.mark.parametrize(
    "name", ["\0", "room:\0", "room:*", "ROOM:1", "room", "", "room:" + "1" * 65, "planet:1", "revocations:all"]
)
async def test_history_of_an_impossible_name_reads_nothing(alice, name):
    before = list(alice.site.log.calls)
    assert await alice.send({"id": 2, "history": {"channel": name, "limit": 2}}) == [denied(2)]
    assert alice.site.log.calls == before


async def test_history_holds_nothing_from_after_the_removal_of_its_reader(alice):
    log = alice.site.log
    log.write(ROOM)
    log.hold()
    asked = asyncio.create_task(receive(alice.connection, '{"id":2,"history":{"channel":"room:1","limit":9}}'))
    await settled()
    log.members[ROOM] = {"bob"}
    log.write(ROOM, ends_access="alice")
    secret = log.write(ROOM)[0].offset
    log.release()
    await asked
    (reply,) = await alice.new_frames()
    assert reply == denied(2) or secret not in offsets(reply)


async def test_presence_is_for_subscribers(alice):
    assert await alice.send({"id": 2, "presence": {"channel": ROOM}}) == [denied(2)]
    await alice.subscribe()
    me = {"user": "alice", "client": alice.connection.id}
    assert await alice.send(
        {"id": 3, "presence": {"channel": ROOM}}, {"id": 4, "presence_stats": {"channel": ROOM}}
    ) == [
        {"id": 3, "presence": {"presence": {alice.connection.id: me}}},
        {"id": 4, "presence_stats": {"num_clients": 1, "num_users": 1}},
    ]


async def test_some_streams_have_no_presence_and_no_ephemeral_messages(alice):
    await alice.subscribe(USER)
    message = {"channel": USER, "data": {"type": "typing.started"}}
    assert await alice.send({"id": 3, "presence": {"channel": USER}}, {"id": 4, "publish": message}) == [
        error(3, 108, "not available"),
        error(4, 108, "not available"),
    ]


async def test_joins_and_leaves_go_to_clients_that_asked_for_them(site):
    alice, bob = await ProtocolClient(site).connect(), await ProtocolClient(site).connect("bob")
    await alice.subscribe(join_leave=True)
    await bob.subscribe()
    await bob.send({"id": 3, "unsubscribe": {"channel": ROOM}})
    info = {"user": "bob", "client": bob.connection.id}
    await until(lambda: sum(str(info) in str(frame) for frame in alice.socket.frames) == 2)
    pushes = [frame["push"] for frame in await alice.new_frames() if "push" in frame]
    assert pushes == [{"channel": ROOM, "join": {"info": info}}, {"channel": ROOM, "leave": {"info": info}}]
    assert [frame for frame in await bob.new_frames() if "push" in frame] == []


async def test_an_ephemeral_message_reaches_the_other_subscribers(site):
    alice, bob = await ProtocolClient(site).connect(), await ProtocolClient(site).connect("bob")
    for client in (alice, bob):
        await client.subscribe()
    message = {"channel": ROOM, "data": {"type": "typing.started", "data": {"a": 1}}}
    assert {"id": 3, "publish": {}} in await alice.send({"id": 3, "publish": message})
    (frame,) = [frame for frame in await bob.new_frames() if "pub" in frame.get("push", {})]
    pub = frame["push"]["pub"]
    assert (pub["data"]["type"], pub["data"]["data"]) == ("typing.started", {"a": 1})
    assert pub["data"]["actor"] == {"type": "user", "id": "alice"}
    assert pub["info"] == {"user": "alice", "client": alice.connection.id}
    assert "offset" not in pub


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "typing.started",
        {},
        {"type": "message.created"},
        {"type": "typing.started", "more": 1},
        {"type": []},
    ],
    ids=str,
)
async def test_an_ephemeral_message_has_a_type_that_its_stream_allows(alice, data):
    await alice.subscribe()
    request = {"channel": ROOM, "data": data}
    assert error(3, 107, "bad request") in await alice.send({"id": 3, "publish": request})
    assert alice.ended_with == []


async def test_ephemeral_messages_are_for_subscribers(alice):
    request = {"channel": ROOM, "data": {"type": "typing.started"}}
    assert await alice.send({"id": 3, "publish": request}) == [denied(3)]


async def test_too_many_ephemeral_messages_are_refused(alice):
    await alice.subscribe()
    request = {"publish": {"channel": ROOM, "data": {"type": "typing.started"}}}
    replies = await alice.send(*[{"id": number, **request} for number in range(1, 8)])
    refused = [reply for reply in replies if "error" in reply]
    assert refused == [error(n, 111, "too many requests", temporary=True) for n in (6, 7)]


async def test_subscribing_again_does_not_allow_more_ephemeral_messages(alice):
    typing = {"publish": {"channel": ROOM, "data": {"type": "typing.started"}}}
    codes = []
    for _ in range(3):
        await alice.subscribe()
        replies = await alice.send(*[{"id": number, **typing} for number in range(1, 4)])
        codes += [reply["error"]["code"] for reply in replies if "error" in reply]
        await alice.send({"id": 9, "unsubscribe": {"channel": ROOM}})
    assert codes == [111] * 4


async def test_an_rpc_is_answered_by_its_method(alice, monkeypatch):
    async def double(context: rpc.RpcContext, data: Any) -> Any:
        if not isinstance(data, int):
            raise rpc.RpcDataError
        return {"user": context.identity.user_id, "data": 2 * data}

    monkeypatch.setattr(rpc, "method", {"double": double}.get)
    assert await alice.send(
        {"id": 2, "rpc": {"method": "double", "data": 21}},
        {"id": 3, "rpc": {"method": "double", "data": "x"}},
        {"id": 4, "rpc": {"method": "triple", "data": 1}},
        {"id": 5, "rpc": {}},
    ) == [
        {"id": 2, "rpc": {"data": {"user": "alice", "data": 42}}},
        error(3, 107, "bad request"),
        error(4, 108, "not available"),
        error(5, 108, "not available"),
    ]


async def test_the_data_of_an_rpc_is_read_strictly(alice, monkeypatch):
    async def echo(context: rpc.RpcContext, data: Any) -> Any:
        return data

    monkeypatch.setattr(rpc, "method", lambda name: echo)
    for data in ('{"a":1,"a":2}', '"\\u0000"', str(2**60)):
        (reply,) = await alice.send(f'{{"id":2,"rpc":{{"method":"m","data":{data}}}}}')
        assert reply == error(2, 107, "bad request")
