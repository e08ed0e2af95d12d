"""A replay sends what the reply had no room for, until the subscription has reached the hub."""

from __future__ import annotations

from tests.tidewire.delivery.bench import ROOM, shown
from tests.tidewire.in_memory import Client, settled, until
from tidewire.delivery import replay
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.ground.positions import PAGE_EVENTS
from tidewire.protocol.requests import SubscribeRequest


async def test_a_crowd_that_comes_back_reads_each_page_once(recovering, log):
    log.write(ROOM, 3 * PAGE_EVENTS)
    clients = [Client(f"user {number}") for number in range(20)]
    subscriptions = [await recovering.recover(client, 0) for client in clients]
    await until(lambda: all(subscription.is_open for subscription in subscriptions))
    await settled()
    assert all(client.pushes(ROOM) == list(range(1, 3 * PAGE_EVENTS + 1)) for client in clients)
    assert log.asked("page") == 3


async def test_past_one_page_the_rest_follows_as_pushes(recovering, log):
    count = 2 * PAGE_EVENTS + 10
    log.write(ROOM, count)
    client = Client()
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    assert shown(outcome)[:4] == (0, 0, True, True)
    assert [entry.offset for entry in outcome.entries] == list(range(1, PAGE_EVENTS + 1))
    recovering.answer(client, subscription, outcome)
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == list(range(1, count + 1))


async def test_live_events_wait_for_the_replay_and_come_once(recovering, log):
    log.write(ROOM, PAGE_EVENTS + 5)
    client = Client()
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    log.hold()
    recovering.answer(client, subscription, outcome)
    await settled()
    recovering.dispatch(*log.write(ROOM, 3))
    log.release()
    await until(lambda: subscription.is_open)
    recovering.dispatch(*log.write(ROOM, 2))
    await settled()
    assert client.pushes(ROOM) == list(range(1, PAGE_EVENTS + 11))


async def test_events_between_the_decision_and_the_answer_are_replayed(recovering, log):
    log.write(ROOM, 2)
    client = Client()
    subscription, outcome = await recovering.ask(client)
    recovering.dispatch(*log.write(ROOM, 2))  # the subscription is still closed
    recovering.answer(client, subscription, outcome)
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == [3, 4]


async def test_a_replay_waits_for_a_client_that_reads_slowly(recovering, log):
    log.write(ROOM, 400, size=10_000)  # four times the bound
    client = Client()
    subscription = await recovering.recover(client, 0)
    await settled()
    assert 0 < len(client.pushes(ROOM)) < 200
    for _ in range(20):
        client.read_all()
        await settled()
    assert subscription.is_open
    assert client.pushes(ROOM) == list(range(1, 401))
    assert client.closed_with == []


async def test_several_streams_that_are_far_behind_are_not_too_much_for_a_client_that_reads(recovering, log):
    """SDKs subscribe to all of them in one frame when they come back."""
    names = [f"room:{number}" for number in range(6)]
    for name in names:
        log.write(name, 40, size=10_000)
    client = Client()
    asked = [
        (client.subscription(name), SubscribeRequest(channel=name, recover=True, epoch=log.stored(name).epoch))
        for name in names
    ]
    outcomes = await recovering.recovery.subscribe("alice", asked)
    for (subscription, _), outcome in zip(asked, outcomes, strict=True):
        recovering.answer(client, subscription, outcome)
    for _ in range(30):
        await settled()
        client.read_all()
    assert client.closed_with == []
    assert [client.pushes(name) for name in names] == [list(range(1, 41))] * 6


async def test_events_that_are_pruned_during_a_replay_end_the_subscription(recovering, log):
    log.write(ROOM, 2 * PAGE_EVENTS)
    client = Client()
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    log.prune(ROOM, first_kept=2 * PAGE_EVENTS)
    recovering.answer(client, subscription, outcome)
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [*range(1, PAGE_EVENTS + 1), ("unsubscribe", 2500)]


async def test_a_replay_survives_a_log_that_is_away_for_a_while(recovering, log, monkeypatch):
    monkeypatch.setattr(replay, "RETRY_SECONDS", 0.001)
    log.write(ROOM, PAGE_EVENTS + 5)
    client = Client()
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    log.error = LogUnavailableError("away")
    recovering.answer(client, subscription, outcome)
    await until(lambda: log.asked("page") >= 3)
    log.error = None
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == list(range(1, PAGE_EVENTS + 6))


async def test_a_client_that_leaves_during_a_replay_is_sent_nothing_more(recovering, log):
    log.write(ROOM, PAGE_EVENTS + 5)
    client = Client()
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    log.hold()
    recovering.answer(client, subscription, outcome)
    await settled()
    subscription.drop()
    recovering.subscriptions.discard(subscription)
    log.release()
    await settled()
    assert client.pushes(ROOM) == list(range(1, PAGE_EVENTS + 1))


async def test_a_replay_applies_the_revocations_before_its_events(recovering, log):
    revocation_offset = log.end_session("session")
    log.write(ROOM, 2, revocation_offset=revocation_offset)
    client = Client("alice")
    await recovering.recover(client, 0)
    await settled()
    assert client.pushes(ROOM) == [1, 2]
    assert recovering.sessions.has_ended("session")
