"""Register, note the head, replay up to it, open the gate: every verdict, and what may happen in between."""

from __future__ import annotations

import asyncio

import pytest

from tests.tidewire.in_memory import Client, Log, engine_on, settled, until
from tidewire.declare.live import EVERYONE
from tidewire.delivery import access_rechecks, replay
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.delivery.recovery import Outcome
from tidewire.delivery.subscription import Subscription
from tidewire.ground.positions import PAGE_EVENTS, Entry
from tidewire.protocol.requests import SubscribeRequest

ROOM = "room:1"
REJECT = 2  # the flag of a client that wants an error rather than `recovered: false`


class Bench:
    """A hub and its recovery, on a log in memory."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.engine = engine_on(log)
        self.hub, self.subscriptions = self.engine.hub, self.engine.subscriptions
        self.recovery, self.replays = self.engine.recovery, self.engine.replays

    async def ask(self, client: Client, stream: str = ROOM, **request) -> tuple[Subscription, Outcome]:
        """The outcome of one subscribe, not yet answered."""
        subscription = client.subscription(stream)
        request = SubscribeRequest(channel=stream, **request)
        (outcome,) = await self.recovery.subscribe(client.user, [(subscription, request)])
        return subscription, outcome

    def answer(self, client: Client, subscription: Subscription, outcome: Outcome) -> None:
        """As the connection does, in one synchronous step."""
        for entry in outcome.entries:
            client.send_queue.enqueue(client.codec.publication(subscription.stream, entry))
        self.replays.proceed(subscription)

    async def follow(self, client: Client, stream: str = ROOM, **request) -> Subscription:
        subscription, outcome = await self.ask(client, stream, **request)
        assert outcome.error is None
        self.answer(client, subscription, outcome)
        return subscription

    async def recover(self, client: Client, offset: int, stream: str = ROOM, **request) -> Subscription:
        epoch = self.log.stored(stream).epoch
        return await self.follow(client, stream, recover=True, epoch=epoch, offset=offset, **request)

    def dispatch(self, *entries: Entry, stream: str = ROOM) -> None:
        self.hub.dispatch(stream, self.log.stored(stream).epoch, entries)

    async def stop(self) -> None:
        await settled()
        await self.engine.stop()


@pytest.fixture
async def log() -> Log:
    return Log()


@pytest.fixture
async def bench(log):
    bench = Bench(log)
    bench.hub.start()
    await settled()
    log.calls.clear()
    yield bench
    await bench.stop()


def said(outcome: Outcome) -> tuple[int, int, bool, bool, list[int]]:
    """(error, offset, was recovering, is recovered, offsets of what was missed)"""
    error = outcome.error.code if outcome.error else 0
    return error, outcome.offset, outcome.was_recovering, outcome.is_recovered, [e.offset for e in outcome.entries]


# -- verdicts --------------------------------------------------------------------------------------------------------


async def test_without_a_position_one_starts_at_the_head(bench, log):
    log.write(ROOM, 3)
    subscription, outcome = await bench.ask(Client())
    assert said(outcome) == (0, 3, False, False, [])
    assert outcome.epoch == log.stored(ROOM).epoch
    assert not subscription.is_open  # not before it was answered


async def test_a_stream_that_nobody_wrote_to_starts_at_nothing(bench, log):
    _, outcome = await bench.ask(Client())
    assert said(outcome) == (0, 0, False, False, [])
    assert outcome.epoch


async def test_who_may_not_read_is_refused(bench, log):
    log.members[ROOM] = {"bob"}
    subscription, outcome = await bench.ask(Client("alice"))
    assert said(outcome) == (103, 0, False, False, [])
    assert bench.subscriptions.streams() == []
    assert not subscription.is_open


async def test_who_is_where_the_stream_stands_has_missed_nothing(bench, log):
    log.write(ROOM, 3)
    _, outcome = await bench.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=3)
    assert said(outcome) == (0, 3, True, True, [])
    assert log.asked("page") == 0


async def test_who_is_behind_gets_what_was_missed(bench, log):
    log.write(ROOM, 5)
    _, outcome = await bench.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=2)
    assert said(outcome) == (0, 2, True, True, [3, 4, 5])


async def test_who_was_there_before_the_first_event_gets_all(bench, log):
    log.write(ROOM, 2)
    _, outcome = await bench.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=0)
    assert said(outcome) == (0, 0, True, True, [1, 2])


async def test_no_epoch_is_any_epoch(bench, log):
    log.write(ROOM, 2)
    _, outcome = await bench.ask(Client(), recover=True, epoch="", offset=1)
    assert said(outcome) == (0, 1, True, True, [2])


def unrecoverable(log: Log, why: str) -> tuple[str, int]:
    """A position that cannot be recovered from: epoch, offset."""
    log.write(ROOM, 9)
    log.prune(ROOM, first_kept=5)
    return {
        "another epoch": ("another", 9),
        "another epoch, behind": ("another", 7),
        "ahead of the log": (log.stored(ROOM).epoch, 10),
        "pruned": (log.stored(ROOM).epoch, 3),
        "pruned from the start": (log.stored(ROOM).epoch, 0),
    }[why]


WHY = ["another epoch", "another epoch, behind", "ahead of the log", "pruned", "pruned from the start"]


@pytest.mark.parametrize("why", WHY)
async def test_what_cannot_be_recovered_is_said(bench, log, why):
    epoch, offset = unrecoverable(log, why)
    _, outcome = await bench.ask(Client(), recover=True, epoch=epoch, offset=offset)
    assert said(outcome) == (0, 9, True, False, [])
    assert outcome.epoch == log.stored(ROOM).epoch


@pytest.mark.parametrize("why", WHY)
async def test_what_cannot_be_recovered_is_an_error_to_who_wants_one(bench, log, why):
    epoch, offset = unrecoverable(log, why)
    _, outcome = await bench.ask(Client(), recover=True, epoch=epoch, offset=offset, flag=REJECT)
    assert said(outcome) == (112, 0, False, False, [])
    assert bench.subscriptions.streams() == []


async def test_the_oldest_event_that_is_kept_can_be_recovered(bench, log):
    log.write(ROOM, 9)
    log.prune(ROOM, first_kept=5)
    _, outcome = await bench.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=4, flag=REJECT)
    assert said(outcome) == (0, 4, True, True, [5, 6, 7, 8, 9])


async def test_everything_pruned_can_be_recovered_from_the_head_only(bench, log):
    log.write(ROOM, 9)
    log.prune(ROOM, first_kept=10)
    for offset, expected in ((9, (0, 9, True, True, [])), (8, (0, 9, True, False, []))):
        _, outcome = await bench.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=offset)
        assert said(outcome) == expected


# -- many at once ----------------------------------------------------------------------------------------------------


async def test_many_subscribes_are_one_question(bench, log):
    log.write(ROOM)
    log.members["room:3"] = set()
    client = Client()
    asked = [(client.subscription(f"room:{n}"), SubscribeRequest(channel=f"room:{n}")) for n in (1, 2, 3)]
    outcomes = await bench.recovery.subscribe("alice", asked)
    assert [said(outcome)[:2] for outcome in outcomes] == [(0, 1), (0, 0), (103, 0)]
    assert log.asked("readable_positions") == 1


async def test_a_crowd_that_comes_back_reads_each_page_once(bench, log):
    log.write(ROOM, 3 * PAGE_EVENTS)
    clients = [Client(f"user {number}") for number in range(20)]
    subscriptions = [await bench.recover(client, 0) for client in clients]
    await until(lambda: all(subscription.is_open for subscription in subscriptions))
    await settled()
    assert all(client.pushes(ROOM) == list(range(1, 3 * PAGE_EVENTS + 1)) for client in clients)
    assert log.asked("page") == 3


async def test_a_page_that_could_not_be_read_is_not_kept(bench, log):
    log.write(ROOM, 3)
    await bench.follow(Client())  # the hub knows the stream
    log.hold()
    asked = asyncio.create_task(bench.ask(Client(), recover=True, epoch="", offset=0))
    await settled()
    log.error = LogUnavailableError("away")
    log.release()
    assert said((await asked)[1])[0] == 100
    log.error = None
    client = Client()
    await bench.recover(client, 0)
    await settled()
    assert client.pushes(ROOM) == [1, 2, 3]


# -- pages -----------------------------------------------------------------------------------------------------------


async def test_past_one_page_the_rest_follows_as_pushes(bench, log):
    count = 2 * PAGE_EVENTS + 10
    log.write(ROOM, count)
    client = Client()
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    assert said(outcome)[:4] == (0, 0, True, True)
    assert [entry.offset for entry in outcome.entries] == list(range(1, PAGE_EVENTS + 1))
    bench.answer(client, subscription, outcome)
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == list(range(1, count + 1))


async def test_live_events_wait_for_the_replay_and_come_once(bench, log):
    log.write(ROOM, PAGE_EVENTS + 5)
    client = Client()
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    log.hold()
    bench.answer(client, subscription, outcome)
    await settled()
    bench.dispatch(*log.write(ROOM, 3))
    log.release()
    await until(lambda: subscription.is_open)
    bench.dispatch(*log.write(ROOM, 2))
    await settled()
    assert client.pushes(ROOM) == list(range(1, PAGE_EVENTS + 11))


async def test_events_between_the_decision_and_the_answer_are_replayed(bench, log):
    log.write(ROOM, 2)
    client = Client()
    subscription, outcome = await bench.ask(client)
    bench.dispatch(*log.write(ROOM, 2))  # the gate is still shut
    bench.answer(client, subscription, outcome)
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == [3, 4]


async def test_a_replay_waits_for_a_client_that_reads_slowly(bench, log):
    log.write(ROOM, 400, size=10_000)  # four times the bound
    client = Client()
    subscription = await bench.recover(client, 0)
    await settled()
    assert 0 < len(client.pushes(ROOM)) < 200
    for _ in range(20):
        client.read_all()
        await settled()
    assert subscription.is_open
    assert client.pushes(ROOM) == list(range(1, 401))
    assert client.closed_with == []


async def test_several_streams_that_are_far_behind_are_not_too_much_for_a_client_that_reads(bench, log):
    """All are asked for in one frame, as SDKs do when they come back."""
    names = [f"room:{number}" for number in range(6)]
    for name in names:
        log.write(name, 40, size=10_000)
    client = Client()
    asked = [
        (client.subscription(name), SubscribeRequest(channel=name, recover=True, epoch=log.stored(name).epoch))
        for name in names
    ]
    outcomes = await bench.recovery.subscribe("alice", asked)
    for (subscription, _), outcome in zip(asked, outcomes, strict=True):
        bench.answer(client, subscription, outcome)
    for _ in range(30):
        await settled()
        client.read_all()
    assert client.closed_with == []
    assert [client.pushes(name) for name in names] == [list(range(1, 41))] * 6


async def test_what_is_pruned_under_a_replay_ends_the_subscription(bench, log):
    log.write(ROOM, 2 * PAGE_EVENTS)
    client = Client()
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    log.prune(ROOM, first_kept=2 * PAGE_EVENTS)
    bench.answer(client, subscription, outcome)
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [*range(1, PAGE_EVENTS + 1), ("unsubscribe", 2500)]


async def test_a_replay_survives_a_log_that_is_away_for_a_while(bench, log, monkeypatch):
    monkeypatch.setattr(replay, "RETRY_SECONDS", 0.001)
    log.write(ROOM, PAGE_EVENTS + 5)
    client = Client()
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    log.error = LogUnavailableError("away")
    bench.answer(client, subscription, outcome)
    await until(lambda: log.asked("page") >= 3)
    log.error = None
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == list(range(1, PAGE_EVENTS + 6))


async def test_who_leaves_during_a_replay_is_sent_nothing_more(bench, log):
    log.write(ROOM, PAGE_EVENTS + 5)
    client = Client()
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    log.hold()
    bench.answer(client, subscription, outcome)
    await settled()
    subscription.drop()
    bench.subscriptions.discard(subscription)
    log.release()
    await settled()
    assert client.pushes(ROOM) == list(range(1, PAGE_EVENTS + 1))


# -- the stream changes while it is read -----------------------------------------------------------------------------


async def test_a_stream_that_is_born_anew_while_it_is_read_is_asked_for_again(bench, log):
    log.write(ROOM, 3)
    await bench.follow(Client("bob"))
    log.hold()
    asked = asyncio.create_task(bench.ask(Client(), recover=True, epoch="", offset=0))
    await settled()
    log.renew(ROOM)
    bench.hub.update_head(log.position(ROOM))
    log.release()
    assert said((await asked)[1])[0] == 100


async def test_a_database_that_is_away_is_a_temporary_error(bench, log):
    log.error = LogUnavailableError("away")
    _, outcome = await bench.ask(Client())
    assert outcome.error.temporary
    assert said(outcome) == (100, 0, False, False, [])
    assert bench.subscriptions.streams() == []


async def test_a_bug_is_an_error_and_leaves_nothing_behind(bench, log):
    log.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await bench.ask(Client())
    assert bench.subscriptions.streams() == []


# -- fences ----------------------------------------------------------------------------------------------------------


async def leave(bench: Bench, log: Log, user: str, stream: str = ROOM, is_gone: bool = True) -> None:
    """An event that ends, or might have ended, somebody's access."""
    if is_gone:
        log.members[stream] = {"somebody"}
    bench.dispatch(*log.write(stream, ends_access=user), stream=stream)


async def test_who_lost_access_is_told_and_gets_nothing_later(bench, log):
    client, bob = Client("alice"), Client("bob")
    subscription = await bench.follow(client)
    await bench.follow(bob)
    log.members[ROOM] = {"bob"}
    bench.dispatch(*log.write(ROOM, ends_access="alice"), *log.write(ROOM, 2))
    await until(lambda: subscription.is_ended)
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert client.pushes(ROOM) == [1, ("unsubscribe", 2000)]
    assert bob.pushes(ROOM) == [1, 2, 3, 4]


async def test_who_kept_access_misses_nothing(bench, log):
    client = Client("alice")
    subscription = await bench.follow(client)
    bench.dispatch(*log.write(ROOM, ends_access=EVERYONE), *log.write(ROOM, 2))
    assert not subscription.is_open
    await until(lambda: subscription.is_open)
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert client.pushes(ROOM) == [1, 2, 3, 4]


async def test_a_fence_that_falls_while_access_is_asked_is_asked_for_again(bench, log):
    client = Client("alice")
    subscription = await bench.follow(client)
    log.hold()
    await leave(bench, log, "alice", is_gone=False)
    await settled()  # "still a member" is on its way
    await leave(bench, log, "alice")
    log.release()
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [1, ("unsubscribe", 2000)]


async def test_a_gate_stays_shut_while_nobody_can_be_asked(bench, log, monkeypatch):
    monkeypatch.setattr(access_rechecks, "RETRY_SECONDS", 0.001)
    client = Client("alice")
    subscription = await bench.follow(client)
    log.error = LogUnavailableError("away")
    bench.dispatch(*log.write(ROOM, ends_access="alice"), *log.write(ROOM))
    await until(lambda: log.asked("readers") >= 3)
    assert not subscription.is_open
    assert client.pushes(ROOM) == [1]
    log.error = None
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == [1, 2]


async def test_a_replay_never_outruns_a_fence(bench, log):
    """Access was asked before the member was removed; the log, read after it, has more than may be told."""
    log.write(ROOM, 2)
    await bench.follow(Client("bob"))  # the hub stands at 2
    client = Client("alice")
    log.hold()
    asked = asyncio.create_task(bench.ask(client, recover=True, epoch="", offset=0))
    await settled()  # admitted
    removal = log.write(ROOM, ends_access="alice")
    log.members[ROOM] = {"bob"}
    secret = log.write(ROOM, 2)
    log.release()
    subscription, outcome = await asked
    assert [entry.offset for entry in outcome.entries] == [1, 2]
    bench.answer(client, subscription, outcome)
    bench.dispatch(*removal, *secret)
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [1, 2, 3, ("unsubscribe", 2000)]


async def test_a_fence_before_the_answer_holds_everything_back(bench, log):
    log.write(ROOM, 2)
    await bench.follow(Client("bob"))
    client = Client("alice")
    log.hold()
    asked = asyncio.create_task(bench.ask(client, recover=True, epoch="", offset=0))
    await settled()
    bench.dispatch(*log.write(ROOM, ends_access="alice"))
    log.members[ROOM] = {"bob"}
    log.release()
    subscription, outcome = await asked
    if outcome.error is None:
        assert outcome.entries == []
        bench.answer(client, subscription, outcome)
        await until(lambda: subscription.is_ended)
    await settled()
    assert [told for told in client.pushes(ROOM) if told != ("unsubscribe", 2000)] == []


async def test_a_long_replay_stops_at_a_fence(bench, log):
    log.write(ROOM, 3 * PAGE_EVENTS)
    client = Client("alice")
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    log.hold()
    bench.answer(client, subscription, outcome)
    await settled()
    await leave(bench, log, "alice")
    log.release()
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [*range(1, PAGE_EVENTS + 1), ("unsubscribe", 2000)]


async def test_a_long_replay_goes_on_behind_a_fence_that_changed_nothing(bench, log):
    log.write(ROOM, 3 * PAGE_EVENTS)
    client = Client("alice")
    subscription, outcome = await bench.ask(client, recover=True, epoch="", offset=0)
    bench.answer(client, subscription, outcome)
    await leave(bench, log, EVERYONE, is_gone=False)
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == list(range(1, 3 * PAGE_EVENTS + 2))


async def test_access_is_asked_once_for_all_who_are_in_doubt(bench, log):
    for user in ("alice", "bob", "charlie"):
        await bench.follow(Client(user))
    await leave(bench, log, EVERYONE, is_gone=False)
    await settled()
    assert [call for call in log.calls if call[0] == "readers"] == [("readers", ROOM, ["alice", "bob", "charlie"])]


async def test_access_that_ended_without_an_event_is_found_by_the_audit(bench, log):
    client = Client("alice")
    subscription = await bench.follow(client)
    log.members[ROOM] = {"bob"}
    audit = asyncio.create_task(bench.engine._rechecks.audit(0.001))
    await until(lambda: subscription.is_ended)
    audit.cancel()
    await settled()
    assert client.pushes(ROOM) == [("unsubscribe", 2000)]


async def test_an_event_waits_for_the_control_log_in_a_replay_too(bench, log):
    revocation_offset = log.end_session("session")
    log.write(ROOM, 2, revocation_offset=revocation_offset)
    client = Client("alice")
    await bench.recover(client, 0)
    await settled()
    assert client.pushes(ROOM) == [1, 2]
    assert bench.engine.sessions.has_ended("session")
