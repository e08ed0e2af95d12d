"""The identity of a client, and every way in which its connection ends."""

from __future__ import annotations

import asyncio

import pytest

from tests.tidewire.connection.site import ROOM, USER, ProtocolClient, error, receive
from tests.tidewire.in_memory import NEVER, settled, until
from tidewire.connection.connection import Rules
from tidewire.ground.credentials import Identity

# -- connect ---------------------------------------------------------------------------------------------------------


async def test_a_good_token_connects(client):
    connected = {"client": client.connection.id, "version": "tidewire", "ping": 25, "pong": True}
    replies = await client.send({"id": 1, "connect": {"token": "alice", "name": "js"}})
    assert replies == [{"id": 1, "connect": connected}]
    assert client.connection.identity == Identity("alice")
    assert client.ended_with == []


async def test_a_token_from_the_handshake_connects_too(site):
    client = ProtocolClient(site, credential="bob")
    (reply,) = await client.send({"id": 1, "connect": {}})
    assert "connect" in reply
    assert client.connection.identity.user_id == "bob"


async def test_the_token_of_the_command_comes_first(site):
    client = ProtocolClient(site, credential="bob")
    await client.connect("alice")
    assert client.connection.identity.user_id == "alice"


async def test_the_reply_says_when_a_token_expires(client):
    (reply,) = await client.send({"id": 1, "connect": {"token": "alice for 60"}})
    assert reply["connect"]["expires"]
    assert reply["connect"]["ttl"] in (59, 60)


async def test_an_expired_token_is_an_error_and_another_one_may_follow(client):
    assert await client.send({"id": 1, "connect": {"token": "expired"}}) == [error(1, 109, "token expired")]
    await client.connect()
    assert client.ended_with == []


@pytest.mark.parametrize("token", ["", "unknown", "alicex"])
async def test_a_bad_token_ends_the_connection_for_good(client, token):
    assert await client.send({"id": 1, "connect": {"token": token}}) == []
    assert client.ended_with == [3500]


async def test_connecting_twice_ends_the_connection(alice):
    await alice.send({"id": 2, "connect": {"token": "alice"}})
    assert alice.ended_with == [3501]


async def test_a_client_that_does_not_connect_in_time_is_disconnected(site):
    client = ProtocolClient(site, rules=Rules(25, 0.01, NEVER, 2000, 10, 5))
    await until(lambda: client.socket.closed_with)
    await settled()
    assert client.ended_with == [3502]


async def test_a_client_that_connects_in_time_is_not(site):
    client, silent = (ProtocolClient(site, rules=Rules(25, 0.01, NEVER, 2000, 10, 5)) for _ in range(2))
    await client.connect()
    await until(lambda: silent.socket.closed_with)
    assert client.ended_with == []


# -- refresh and expiry ----------------------------------------------------------------------------------------------


async def test_a_newer_token_extends_the_connection(client):
    await client.connect("alice for 30")
    (reply,) = await client.send({"id": 2, "refresh": {"token": "alice for 90"}})
    assert reply["id"] == 2
    assert reply["refresh"]["ttl"] in (89, 90)
    assert (reply["refresh"]["client"], reply["refresh"]["expires"]) == (client.connection.id, True)


async def test_a_token_of_another_user_ends_the_connection(alice):
    await alice.send({"id": 2, "refresh": {"token": "bob"}})
    assert alice.ended_with == [3507]
    assert alice.connection.identity.user_id == "alice"


async def test_an_expired_token_in_refresh_is_an_error_and_a_bad_one_ends_the_connection(alice):
    assert await alice.send({"id": 2, "refresh": {"token": "expired"}}) == [error(2, 109, "token expired")]
    await alice.send({"id": 3, "refresh": {"token": "unknown"}})
    assert alice.ended_with == [3500]


async def test_a_connection_ends_with_its_token(site):
    client = ProtocolClient(site, rules=Rules(25, NEVER, 0.01, 2000, 10, 5))
    await client.connect("alice for 0.01")
    await until(lambda: client.socket.closed_with)
    await settled()
    assert client.ended_with == [3005]


async def test_a_refresh_postpones_the_end(site):
    short = Rules(25, NEVER, 0.01, 2000, 10, 5)
    client, other = ProtocolClient(site, rules=short), ProtocolClient(site, rules=short)
    await client.connect("alice for 0.01")
    await client.send({"id": 2, "refresh": {"token": "alice for 60"}})
    await other.connect("alice for 0.02")
    await until(lambda: other.socket.closed_with)
    await settled()
    assert client.ended_with == []


async def test_a_connection_ends_with_its_session(site):
    client, other = ProtocolClient(site), ProtocolClient(site)
    await client.connect("alice of 1")
    await other.connect("alice of 2")
    site.log.end_session("1")
    site.engine.hub.dispatch(
        "revocations:all", site.log.stored("revocations:all").epoch, site.log.stored("revocations:all").entries
    )
    await settled()
    assert (client.ended_with, other.ended_with) == ([3503], [])
    again = ProtocolClient(site)
    await again.send({"id": 1, "connect": {"token": "alice of 1"}})
    assert again.ended_with == [3500]


# -- credentials that are looked up or limited -----------------------------------------------------------------------


async def test_a_credential_may_need_a_look_up(client):
    await client.connect("key alice of 7")
    assert (client.connection.identity.user_id, client.connection.identity.session_id) == ("alice", "7")
    unknown, late = ProtocolClient(client.site), ProtocolClient(client.site)
    await unknown.send({"id": 1, "connect": {"token": "key unknown"}})
    assert unknown.ended_with == [3500]
    assert await late.send({"id": 1, "connect": {"token": "key expired"}}) == [error(1, 109, "token expired")]


async def test_a_credential_that_cannot_be_renewed_has_no_ttl(site):
    client = ProtocolClient(site)
    (reply,) = await client.send({"id": 1, "connect": {"token": "key alice for 0.01"}})
    assert "expires" not in reply["connect"]
    await until(lambda: client.socket.closed_with)
    await settled()
    assert client.ended_with == [3005]


async def test_a_session_that_is_revoked_during_its_look_up_connects_nothing(site):
    """The revocation is applied here before the look-up returns."""
    site.log.end_session("7")
    stored = site.log.stored("revocations:all")
    client = ProtocolClient(site)

    def look_up() -> Identity:
        site.engine.revocations.apply_next(stored.epoch, stored.entries[0])
        return Identity("alice", session_id="7")

    site.engine.authenticate = lambda credential: look_up
    await client.send({"id": 1, "connect": {"token": "key"}})
    assert client.ended_with == [3500]


async def test_a_credential_reads_only_its_streams(client):
    client.site.log.members["room:2"] = {"*"}
    await client.connect(f"alice reading {ROOM}")
    await client.subscribe()
    for command in ("subscribe", "history"):
        denied = await client.send({"id": 3, command: {"channel": "room:2"}})
        assert denied == [error(3, 103, "permission denied")]
    message = {"channel": ROOM, "data": {"type": "typing.started"}}
    assert await client.send({"id": 4, "publish": message}) == [error(4, 103, "permission denied")]


async def test_a_narrower_credential_ends_subscriptions_that_it_may_not_read(alice):
    await alice.subscribe()
    frames = await alice.send({"id": 3, "refresh": {"token": "alice reading room:2"}})
    assert [frame["push"]["unsubscribe"]["code"] for frame in frames if "push" in frame] == [2000]
    assert alice.connection.subscriptions == {}


async def test_a_credential_of_another_kind_renews_nothing(site):
    """A key would keep the socket open after the session has ended that opened it."""
    client = ProtocolClient(site)
    await client.connect("alice of 1")
    await client.send({"id": 2, "refresh": {"token": "key alice of 7"}})
    assert client.ended_with == [3507]


async def test_a_connection_ends_with_each_session_that_it_was_renewed_with(site):
    clients = [ProtocolClient(site) for _ in range(3)]
    for client in clients:
        await client.connect("alice of 1")
        await client.send({"id": 2, "refresh": {"token": "alice of 2"}})
        await client.send({"id": 3, "refresh": {"token": "alice of 1"}})
    clients[2].connection.closed()
    stored = site.log.stored("revocations:all")
    site.log.end_session("1")
    site.engine.revocations.apply_next(stored.epoch, stored.entries[0])
    await settled()
    assert [client.ended_with for client in clients] == [[3503], [3503], []]


async def test_a_command_above_the_quota_is_a_temporary_error(alice):
    await alice.subscribe()
    alice.site.log.exhausted.add("alice")
    for method in ("history", "presence", "presence_stats", "publish"):
        refused = await alice.send({"id": 3, method: {"channel": ROOM}})
        assert refused == [error(3, 111, "too many requests", temporary=True)]
    frames = await alice.send({"id": 4, "unsubscribe": {"channel": ROOM}}, {"id": 5, "subscribe": {"channel": ROOM}})
    assert [frame for frame in frames if "error" in frame] == []


# -- the end ---------------------------------------------------------------------------------------------------------


async def test_a_closed_connection_leaves_nothing_registered(alice):
    await alice.subscribe()
    await alice.subscribe(USER)
    alice.connection.closed()
    alice.connection.closed()
    assert alice.site.engine.subscriptions.streams() == []
    assert len(alice.site.engine.connections) == 0
    assert alice.ended_with == []  # the socket is gone: there is nothing to close


async def test_a_connection_that_closes_while_subscribing_leaves_nothing_registered(alice):
    alice.site.log.hold()
    subscribing = asyncio.create_task(receive(alice.connection, '{"id":2,"subscribe":{"channel":"room:1"}}'))
    await settled()
    alice.connection.closed()
    alice.site.log.release()
    await subscribing
    assert alice.site.engine.subscriptions.streams() == []
    assert alice.connection.subscriptions == {}


async def test_above_the_limit_the_oldest_connection_of_a_user_ends(site):
    clients = [await ProtocolClient(site).connect() for _ in range(4)]
    assert [client.ended_with for client in clients] == [[3504], [], [], []]
    await ProtocolClient(site).connect("bob")
    assert clients[1].ended_with == []


# -- pings -----------------------------------------------------------------------------------------------------------


async def test_the_server_pings_every_ping_seconds(site):
    client = ProtocolClient(site, rules=Rules(0.005, NEVER, NEVER, 2000, 10, 5))
    await client.connect()
    await until(lambda: client.socket.frames.count({}) >= 3)
    client.connection.closed()
    count = client.socket.frames.count({})
    other = ProtocolClient(site, rules=Rules(0.005, NEVER, NEVER, 2000, 10, 5))
    await other.connect()
    await until(lambda: other.socket.frames.count({}) >= 3)
    assert client.socket.frames.count({}) == count


async def test_a_client_is_not_pinged_before_connect(site):
    client, other = (ProtocolClient(site, rules=Rules(0.005, NEVER, NEVER, 2000, 10, 5)) for _ in range(2))
    await other.connect()
    await until(lambda: other.socket.frames.count({}) >= 2)
    assert client.socket.frames == []
