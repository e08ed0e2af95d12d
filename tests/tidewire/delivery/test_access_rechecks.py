"""Access that is in doubt is asked again, and no event passes meanwhile."""

from __future__ import annotations

import asyncio

from tests.tidewire.delivery.bench import ROOM, RecoveryBench
from tests.tidewire.in_memory import Client, Log, settled, until
from tidewire.declare.live import EVERYONE
from tidewire.delivery import access_rechecks
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.ground.positions import PAGE_EVENTS


async def leave(bench: RecoveryBench, log: Log, user: str, stream: str = ROOM, is_gone: bool = True) -> None:
    """Dispatches an event that ends, or might have ended, the access of this user."""
    if is_gone:
        log.members[stream] = {"another"}
    bench.dispatch(*log.write(stream, ends_access=user), stream=stream)


async def test_a_user_who_lost_access_is_unsubscribed_and_gets_no_later_event(recovering, log):
    client, bob = Client("alice"), Client("bob")
    subscription = await recovering.follow(client)
    await recovering.follow(bob)
    log.members[ROOM] = {"bob"}
    recovering.dispatch(*log.write(ROOM, ends_access="alice"), *log.write(ROOM, 2))
    await until(lambda: subscription.is_ended)
    recovering.dispatch(*log.write(ROOM))
    await settled()
    assert client.pushes(ROOM) == [1, ("unsubscribe", 2000)]
    assert bob.pushes(ROOM) == [1, 2, 3, 4]


async def test_a_user_who_kept_access_misses_nothing(recovering, log):
    client = Client("alice")
    subscription = await recovering.follow(client)
    recovering.dispatch(*log.write(ROOM, ends_access=EVERYONE), *log.write(ROOM, 2))
    assert not subscription.is_open
    await until(lambda: subscription.is_open)
    recovering.dispatch(*log.write(ROOM))
    await settled()
    assert client.pushes(ROOM) == [1, 2, 3, 4]


async def test_access_is_asked_again_for_an_event_that_comes_while_it_is_asked(recovering, log):
    client = Client("alice")
    subscription = await recovering.follow(client)
    log.hold()
    await leave(recovering, log, "alice", is_gone=False)
    await settled()  # the answer "still a member" is held back
    await leave(recovering, log, "alice")
    log.release()
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [1, ("unsubscribe", 2000)]


async def test_a_subscription_stays_suspended_while_the_database_is_away(recovering, log, monkeypatch):
    monkeypatch.setattr(access_rechecks, "RETRY_SECONDS", 0.001)
    client = Client("alice")
    subscription = await recovering.follow(client)
    log.error = LogUnavailableError("away")
    recovering.dispatch(*log.write(ROOM, ends_access="alice"), *log.write(ROOM))
    await until(lambda: log.asked("readers") >= 3)
    assert not subscription.is_open
    assert client.pushes(ROOM) == [1]
    log.error = None
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == [1, 2]


async def test_a_replay_never_passes_an_event_that_ends_access(recovering, log):
    """Access is read before the member is removed; the log, read after that, has events that may not be sent."""
    log.write(ROOM, 2)
    await recovering.follow(Client("bob"))  # the hub stands at 2
    client = Client("alice")
    log.hold()
    asked = asyncio.create_task(recovering.ask(client, recover=True, epoch="", offset=0))
    await settled()  # access is granted
    removal = log.write(ROOM, ends_access="alice")
    log.members[ROOM] = {"bob"}
    secret = log.write(ROOM, 2)
    log.release()
    subscription, outcome = await asked
    assert [entry.offset for entry in outcome.entries] == [1, 2]
    recovering.answer(client, subscription, outcome)
    recovering.dispatch(*removal, *secret)
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [1, 2, 3, ("unsubscribe", 2000)]


async def test_an_event_that_ends_access_before_the_reply_holds_everything_back(recovering, log):
    log.write(ROOM, 2)
    await recovering.follow(Client("bob"))
    client = Client("alice")
    log.hold()
    asked = asyncio.create_task(recovering.ask(client, recover=True, epoch="", offset=0))
    await settled()
    recovering.dispatch(*log.write(ROOM, ends_access="alice"))
    log.members[ROOM] = {"bob"}
    log.release()
    subscription, outcome = await asked
    if outcome.error is None:
        assert outcome.entries == []
        recovering.answer(client, subscription, outcome)
        await until(lambda: subscription.is_ended)
    await settled()
    assert [push for push in client.pushes(ROOM) if push != ("unsubscribe", 2000)] == []


async def test_a_long_replay_stops_when_access_is_in_doubt(recovering, log):
    log.write(ROOM, 3 * PAGE_EVENTS)
    client = Client("alice")
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    log.hold()
    recovering.answer(client, subscription, outcome)
    await settled()
    await leave(recovering, log, "alice")
    log.release()
    await until(lambda: subscription.is_ended)
    await settled()
    assert client.pushes(ROOM) == [*range(1, PAGE_EVENTS + 1), ("unsubscribe", 2000)]


async def test_a_long_replay_goes_on_when_access_was_confirmed(recovering, log):
    log.write(ROOM, 3 * PAGE_EVENTS)
    client = Client("alice")
    subscription, outcome = await recovering.ask(client, recover=True, epoch="", offset=0)
    recovering.answer(client, subscription, outcome)
    await leave(recovering, log, EVERYONE, is_gone=False)
    await until(lambda: subscription.is_open)
    await settled()
    assert client.pushes(ROOM) == list(range(1, 3 * PAGE_EVENTS + 2))


async def test_access_is_asked_once_for_all_suspended_subscriptions(recovering, log):
    for user in ("alice", "bob", "charlie"):
        await recovering.follow(Client(user))
    await leave(recovering, log, EVERYONE, is_gone=False)
    await settled()
    assert [call for call in log.calls if call[0] == "readers"] == [("readers", ROOM, ["alice", "bob", "charlie"])]


async def test_access_that_ended_without_an_event_is_found_by_the_audit(recovering, log):
    client = Client("alice")
    subscription = await recovering.follow(client)
    log.members[ROOM] = {"bob"}
    audit = asyncio.create_task(recovering.engine._rechecks.audit(0.001))
    await until(lambda: subscription.is_ended)
    audit.cancel()
    await settled()
    assert client.pushes(ROOM) == [("unsubscribe", 2000)]
