"""What a connection says of itself to the logbook, when, and what an operator's disconnect ends."""

from __future__ import annotations

import pytest

from tests.tidewire.connection.site import ROOM, USER, ProtocolClient, Site
from tests.tidewire.in_memory import settled
from tidewire.delivery import connection_log
from tidewire.delivery.connection_log import ConnectionLog
from tidewire.ground.disconnections import Disconnection
from tidewire.protocol.codes import Disconnect, Unsubscribe

SCOPE = {"client": ("192.0.2.7", 5000), "headers": [(b"user-agent", b"Phone/1")]}


async def connected(site: Site, user: str = "alice") -> ProtocolClient:
    client = ProtocolClient(site, scope=SCOPE)
    await client.send({"id": 1, "connect": {"token": user, "name": "js", "version": "5"}})
    return client


async def test_an_identified_connection_is_described(site):
    site.log.write(ROOM, 3)
    client = await connected(site)
    await client.send({"id": 2, "subscribe": {"channel": ROOM, "recover": True, "offset": 1, "epoch": ""}})
    (state,) = site.engine.connection_log.take(10)
    assert (state.user_id, state.address, state.device, state.door) == (
        "alice",
        "192.0.2.7",
        "js 5 Phone/1",
        "websocket",
    )
    (seen,) = state.streams
    assert (seen.stream, seen.start, seen.offset, seen.is_open, seen.ended_at) == (ROOM, 1, 3, True, None)
    assert site.engine.connection_log.take(10) == []  # nothing has changed since


async def test_an_unidentified_connection_is_nothing_to_write(site):
    client = ProtocolClient(site, scope=SCOPE)
    client.connection.end(Disconnect.STALE)
    assert site.engine.connection_log.take(10) == []


async def test_the_end_names_its_code_and_the_last_offset_of_each_stream(site):
    client = await connected(site)
    await client.send({"id": 2, "subscribe": {"channel": ROOM}})
    site.engine.connection_log.take(10)
    site.dispatch(*site.log.write(ROOM, 2))
    client.connection.end(Disconnect.SLOW)
    (state,) = site.engine.connection_log.take(10)
    assert (state.code, state.streams[0].offset, state.streams[0].code) == (3008, 2, None)
    assert state.ended_at == state.streams[0].ended_at is not None


async def test_a_subscription_that_the_server_ended_is_kept_with_its_code(site):
    client = await connected(site)
    for id, stream in enumerate((ROOM, USER), 2):
        await client.send({"id": id, "subscribe": {"channel": stream}})
    site.engine.subscriptions.end(client.connection.subscriptions[ROOM], Unsubscribe.SERVER)
    await client.send({"id": 4, "unsubscribe": {"channel": USER}})
    (state,) = site.engine.connection_log.take(10)
    assert [(seen.stream, seen.code) for seen in state.streams] == [(ROOM, 2000), (USER, 0)]


async def test_what_could_not_be_written_is_written_later(site):
    client, other = await connected(site), await connected(site, "bob")
    other.connection.end(Disconnect.SHUTDOWN)
    log = site.engine.connection_log
    taken = log.take(10)
    log.put_back(taken)
    assert {state.id for state in log.take(10)} == {client.connection.id, other.connection.id}


async def test_a_batch_is_bounded_and_those_that_ended_come_first(site):
    clients = [await connected(site) for _ in range(2)]
    clients[1].connection.end(Disconnect.SHUTDOWN)
    assert [state.code for state in site.engine.connection_log.take(1)] == [3001]
    assert [state.code for state in site.engine.connection_log.take(1)] == [None]


async def test_ended_connections_are_bounded(site, monkeypatch):
    client = await connected(site)
    (state,) = site.engine.connection_log.take(1)
    monkeypatch.setattr(connection_log, "MAX_ENDED", 2)
    log = ConnectionLog()
    log._ended = type(log._ended)(maxlen=2)
    for _ in range(3):
        log.changed(client.connection)
        log.ended(client.connection, state.ended(1.0, 0))
    assert (len(log.take(10)), log.dropped) == (2, 1)


async def test_unread_bytes_are_written_when_they_have_grown_by_a_step(site):
    client = await connected(site)
    log = site.engine.connection_log
    log.take(10)
    client.socket.send_queue.enqueue(b"x" * 100)
    assert log.take(10) == []
    client.socket.send_queue.enqueue(b"x" * connection_log.UNREAD_STEP)
    assert [state.unread >= connection_log.UNREAD_STEP for state in log.take(10)] == [True]


@pytest.mark.parametrize(
    ("is_final", "code"), [(False, Disconnect.FORCE_RECONNECT), (True, Disconnect.FORCE_NO_RECONNECT)]
)
async def test_a_disconnect_ends_the_connections_that_it_names(site, is_final, code):
    first, second, bob = [await connected(site, user) for user in ("alice", "alice", "bob")]
    site.engine.connections.disconnect(Disconnection("alice", (first.connection.id,), is_final))
    await settled()
    assert [client.ended_with for client in (first, second, bob)] == [[code.code], [], []]
    site.engine.connections.disconnect(Disconnection("alice", (), is_final))
    await settled()
    assert [client.ended_with for client in (first, second, bob)] == [[code.code], [code.code], []]
