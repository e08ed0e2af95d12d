"""Of a transaction with very many events, live subscribers are sent none: they read anew. Log readers get all."""

from __future__ import annotations

import pytest

from tests.tidewire.delivery.bench import MOST, ROOM, RecoveryBench, recorded, shown
from tests.tidewire.in_memory import Client, settled, until
from tidewire.declare.live import EVERYONE
from tidewire.delivery import departures
from tidewire.delivery.subscription import Subscription
from tidewire.ground.positions import Entry
from tidewire.ground.streams import REVOCATIONS
from tidewire.protocol.pushes import ClientInfo
from tidewire.protocol.requests import SubscribeRequest

MANY = MOST + 1
READ_ANEW, NO_ACCESS = ("unsubscribe", 2502), ("unsubscribe", 2000)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(departures, "PER_SECOND", 1e6)


def announce(bench: RecoveryBench, *entries: Entry) -> None:
    """As the layer does: the last event, without its content."""
    last = entries[-1]
    bench.dispatch(Entry(last.offset, "", last.type, ""))


async def test_live_subscribers_read_anew(recovering, log):
    bench, alice, bob = recovering, Client("alice"), Client("bob")
    for client in (alice, bob):
        await bench.follow(client)
    bench.dispatch(*log.write(ROOM, 2))
    announce(bench, *log.write_bulk(ROOM, MANY))
    await until(lambda: alice.pushes(ROOM)[-1:] == bob.pushes(ROOM)[-1:] == [READ_ANEW])
    assert alice.pushes(ROOM) == [1, 2, READ_ANEW]
    assert log.asked("page") == 0


async def test_those_that_come_back_get_what_follows(recovering, log):
    bench, alice = recovering, Client()
    await bench.follow(alice)
    announce(bench, *log.write_bulk(ROOM, MANY))
    await until(lambda: alice.pushes(ROOM) == [READ_ANEW])
    await bench.recover(alice, MANY)
    bench.dispatch(*log.write(ROOM, 2))
    await settled()
    assert alice.pushes(ROOM) == [READ_ANEW, MANY + 1, MANY + 2]


async def test_as_many_events_as_are_pushed_arrive(recovering, log):
    alice = Client()
    subscription = await recovering.follow(alice)
    announce(recovering, *log.write_bulk(ROOM, MOST))
    await until(lambda: is_at_head(alice, subscription, log))
    await settled()
    assert alice.pushes(ROOM) == list(range(1, MOST + 1))


async def test_many_events_of_small_transactions_arrive(recovering, log):
    alice = Client()
    subscription = await recovering.follow(alice)
    announce(recovering, *log.write(ROOM, 2 * MANY))
    await until(lambda: is_at_head(alice, subscription, log))
    await settled()
    assert alice.pushes(ROOM) == list(range(1, 2 * MANY + 1))
    assert log.asked("bulk") == 1


async def test_the_process_that_wrote_it_does_the_same(recovering, log):
    alice = Client()
    await recovering.follow(alice)
    recovering.hub.dispatch_own(recorded(log, *log.write_bulk(ROOM, MANY)))
    await until(lambda: alice.pushes(ROOM) == [READ_ANEW])
    assert log.asked("page") == 0


async def test_a_user_whose_access_ended_in_it_is_told_that(recovering, log):
    bench, alice, bob = recovering, Client("alice"), Client("bob")
    log.members[ROOM] = {"alice", "bob"}
    for client in (alice, bob):
        await bench.follow(client)
    log.members[ROOM] = {"alice"}
    announce(bench, *log.write_bulk(ROOM, MANY, ends_access=EVERYONE))
    await until(lambda: alice.pushes(ROOM) and bob.pushes(ROOM))
    assert (alice.pushes(ROOM), bob.pushes(ROOM)) == ([READ_ANEW], [NO_ACCESS])


async def test_nothing_arrives_between_it_and_the_code(recovering, log, monkeypatch):
    """However long the spreading takes."""
    monkeypatch.setattr(departures, "PER_SECOND", 1e-3)
    bench, clients = recovering, [Client(f"{number}") for number in range(3)]
    for client in clients:
        await bench.follow(client)
    announce(bench, *log.write_bulk(ROOM, MANY))
    await until(lambda: bench.subscriptions.state(ROOM).offset == MANY)
    bench.dispatch(*log.write(ROOM, 3, ends_access=EVERYONE))
    await settled()
    assert sorted(client.pushes(ROOM) for client in clients) == [[], [], [READ_ANEW]]


async def test_revocations_before_it_are_applied_first(recovering, log):
    bench, alice = recovering, Client()
    await bench.follow(alice)
    offset = log.end_session("7")
    log.hold()
    announce(bench, *log.write_bulk(ROOM, MANY, revocation_offset=offset))
    await settled()
    assert alice.pushes(ROOM) == []
    log.release()
    await until(lambda: alice.pushes(ROOM) == [READ_ANEW])
    assert bench.sessions.has_ended("7")
    assert bench.engine.revocations.has_applied(log.stored(REVOCATIONS).head)


# -- recovery --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_followed", [True, False], ids=["seen live", "before this process"])
async def test_a_position_before_it_cannot_be_recovered(recovering, log, is_followed):
    bench = recovering
    log.write(ROOM, 5)
    if is_followed:
        await bench.follow(Client("bob"))
    entries = log.write_bulk(ROOM, MANY)
    log.write(ROOM, 3)
    if is_followed:
        announce(bench, *entries)
        await until(lambda: bench.subscriptions.state(ROOM).offset >= 5 + MANY)
    epoch, head = log.stored(ROOM).epoch, log.stored(ROOM).head
    for offset in (0, 5):
        _, outcome = await bench.ask(Client(), recover=True, epoch=epoch, offset=offset, flag=2)
        assert shown(outcome)[0] == 112
        subscription, outcome = await bench.ask(Client(), recover=True, epoch=epoch, offset=offset)
        assert (outcome.error, outcome.was_recovering, outcome.is_recovered) == (None, True, False)
        bench.subscriptions.discard(subscription)
    alice = Client()
    await bench.recover(alice, 5 + MANY)
    await until(lambda: alice.pushes(ROOM) == [head - 2, head - 1, head])


async def test_a_crowd_that_comes_back_asks_the_log_once(recovering, log):
    log.write(ROOM, 5)
    log.write_bulk(ROOM, MANY)
    await recovering.follow(Client("bob"))
    epoch = log.stored(ROOM).epoch
    for _ in range(10):
        _, outcome = await recovering.ask(Client(), recover=True, epoch=epoch, offset=3, flag=2)
        assert shown(outcome)[0] == 112
    assert log.asked("bulk") == 1


async def test_a_long_absence_without_one_is_recovered(recovering, log):
    log.write(ROOM, 2 * MANY)
    alice, bob = Client("alice"), Client("bob")
    for client in (alice, bob):
        subscription = await recovering.recover(client, 0)
        await until(lambda at=(client, subscription): is_at_head(*at, log))
        await settled()
        assert client.pushes(ROOM) == list(range(1, 2 * MANY + 1))
    assert log.asked("bulk") == 1


def is_at_head(client: Client, subscription: Subscription, log) -> bool:
    """Whether the subscription has reached the head. The client answers all pings so far."""
    client.read_all()
    return subscription.offset == log.stored(ROOM).head


# -- readers of the log ----------------------------------------------------------------------------------------------


class LogReading(Subscription):
    is_shortened = False


async def test_a_reader_of_the_log_gets_every_event(recovering, log):
    bench, reader, live = recovering, Client("reader"), Client("live")
    reading = LogReading(ROOM, ClientInfo("reader", "r"), reader.send_queue, reader.codec, lambda subscription: None)
    (outcome,) = await bench.recovery.subscribe("reader", [(reading, SubscribeRequest(channel=ROOM))])
    bench.answer(reader, reading, outcome)
    await bench.follow(live)
    announce(bench, *log.write_bulk(ROOM, MANY))
    await until(lambda: is_at_head(reader, reading, log))
    bench.dispatch(*log.write(ROOM))
    await until(lambda: is_at_head(reader, reading, log))
    await settled()
    assert reader.pushes(ROOM) == list(range(1, MANY + 2))
    assert live.pushes(ROOM) == [READ_ANEW]
