"""Every outcome of a subscribe, and what may happen while it is being answered."""

from __future__ import annotations

import asyncio

import pytest

from tests.tidewire.delivery.bench import ROOM, shown
from tests.tidewire.in_memory import Client, Log, settled
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.protocol.requests import SubscribeRequest

REJECT = 2  # the flag of a client that wants an error rather than `recovered: false`


# -- outcomes --------------------------------------------------------------------------------------------------------


async def test_without_a_position_a_subscription_starts_at_the_head(recovering, log):
    log.write(ROOM, 3)
    subscription, outcome = await recovering.ask(Client())
    assert shown(outcome) == (0, 3, False, False, [])
    assert outcome.epoch == log.stored(ROOM).epoch
    assert not subscription.is_open  # before the reply


async def test_a_stream_without_events_starts_at_0(recovering, log):
    _, outcome = await recovering.ask(Client())
    assert shown(outcome) == (0, 0, False, False, [])
    assert outcome.epoch


async def test_a_user_who_may_not_read_is_refused(recovering, log):
    log.members[ROOM] = {"bob"}
    subscription, outcome = await recovering.ask(Client("alice"))
    assert shown(outcome) == (103, 0, False, False, [])
    assert recovering.subscriptions.streams() == []
    assert not subscription.is_open


async def test_a_client_at_the_head_has_missed_nothing(recovering, log):
    log.write(ROOM, 3)
    _, outcome = await recovering.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=3)
    assert shown(outcome) == (0, 3, True, True, [])
    assert log.asked("page") == 0


async def test_a_client_that_is_behind_gets_the_missed_events(recovering, log):
    log.write(ROOM, 5)
    _, outcome = await recovering.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=2)
    assert shown(outcome) == (0, 2, True, True, [3, 4, 5])


async def test_a_client_from_before_the_first_event_gets_all(recovering, log):
    log.write(ROOM, 2)
    _, outcome = await recovering.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=0)
    assert shown(outcome) == (0, 0, True, True, [1, 2])


async def test_no_epoch_means_any_epoch(recovering, log):
    log.write(ROOM, 2)
    _, outcome = await recovering.ask(Client(), recover=True, epoch="", offset=1)
    assert shown(outcome) == (0, 1, True, True, [2])


def unrecoverable(log: Log, why: str) -> tuple[str, int]:
    """Returns a position (epoch, offset) that cannot be recovered from."""
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
async def test_an_unrecoverable_position_starts_at_the_head(recovering, log, why):
    epoch, offset = unrecoverable(log, why)
    _, outcome = await recovering.ask(Client(), recover=True, epoch=epoch, offset=offset)
    assert shown(outcome) == (0, 9, True, False, [])
    assert outcome.epoch == log.stored(ROOM).epoch


@pytest.mark.parametrize("why", WHY)
async def test_an_unrecoverable_position_is_an_error_where_the_client_asks_for_one(recovering, log, why):
    epoch, offset = unrecoverable(log, why)
    _, outcome = await recovering.ask(Client(), recover=True, epoch=epoch, offset=offset, flag=REJECT)
    assert shown(outcome) == (112, 0, False, False, [])
    assert recovering.subscriptions.streams() == []


async def test_the_oldest_event_that_is_kept_can_be_recovered(recovering, log):
    log.write(ROOM, 9)
    log.prune(ROOM, first_kept=5)
    _, outcome = await recovering.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=4, flag=REJECT)
    assert shown(outcome) == (0, 4, True, True, [5, 6, 7, 8, 9])


async def test_when_all_events_are_pruned_only_the_head_can_be_recovered_from(recovering, log):
    log.write(ROOM, 9)
    log.prune(ROOM, first_kept=10)
    for offset, expected in ((9, (0, 9, True, True, [])), (8, (0, 9, True, False, []))):
        _, outcome = await recovering.ask(Client(), recover=True, epoch=log.stored(ROOM).epoch, offset=offset)
        assert shown(outcome) == expected


# -- many at once ----------------------------------------------------------------------------------------------------


async def test_many_subscribes_are_one_access_query(recovering, log):
    log.write(ROOM)
    log.members["room:3"] = set()
    client = Client()
    asked = [(client.subscription(f"room:{n}"), SubscribeRequest(channel=f"room:{n}")) for n in (1, 2, 3)]
    outcomes = await recovering.recovery.subscribe("alice", asked)
    assert [shown(outcome)[:2] for outcome in outcomes] == [(0, 1), (0, 0), (103, 0)]
    assert log.asked("readable_positions") == 1


async def test_a_page_that_could_not_be_read_is_not_kept(recovering, log):
    log.write(ROOM, 3)
    await recovering.follow(Client())  # the hub knows the stream
    log.hold()
    asked = asyncio.create_task(recovering.ask(Client(), recover=True, epoch="", offset=0))
    await settled()
    log.error = LogUnavailableError("away")
    log.release()
    assert shown((await asked)[1])[0] == 100
    log.error = None
    client = Client()
    await recovering.recover(client, 0)
    await settled()
    assert client.pushes(ROOM) == [1, 2, 3]


# -- the stream changes while it is read -----------------------------------------------------------------------------


async def test_a_stream_that_gets_another_epoch_while_it_is_read_is_a_temporary_error(recovering, log):
    log.write(ROOM, 3)
    await recovering.follow(Client("bob"))
    log.hold()
    asked = asyncio.create_task(recovering.ask(Client(), recover=True, epoch="", offset=0))
    await settled()
    log.renew(ROOM)
    recovering.hub.update_head(log.position(ROOM))
    log.release()
    assert shown((await asked)[1])[0] == 100


async def test_a_database_that_is_away_is_a_temporary_error(recovering, log):
    log.error = LogUnavailableError("away")
    _, outcome = await recovering.ask(Client())
    assert outcome.error.temporary
    assert shown(outcome) == (100, 0, False, False, [])
    assert recovering.subscriptions.streams() == []


async def test_an_error_is_raised_and_leaves_nothing_registered(recovering, log):
    log.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await recovering.ask(Client())
    assert recovering.subscriptions.streams() == []
