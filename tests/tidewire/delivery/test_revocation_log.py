"""The revocation log is applied before the events that follow it, whatever the layer does."""

import asyncio
import time

from tests.tidewire.delivery.bench import ROOM, recorded
from tests.tidewire.in_memory import Client, settled, until
from tidewire.delivery.hub import LATE_SECONDS
from tidewire.ground.positions import Entry
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import revocations


class Socket:
    """A connection of a session, which keeps the codes it was ended with."""

    def __init__(self) -> None:
        self.ended_with: list[int] = []

    def end(self, code) -> None:
        self.ended_with.append(code.code)


async def test_an_event_waits_for_the_revocations_before_it(bench, log):
    alice, socket = Client(), Socket()
    await bench.follow(alice)
    bench.sessions.add("session", socket)
    revocation_offset = log.end_session("session")
    log.hold()
    bench.dispatch(*log.write(ROOM, revocation_offset=revocation_offset))
    await settled()
    assert (alice.pushes(ROOM), socket.ended_with) == ([], [])
    log.release()
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert (alice.pushes(ROOM), socket.ended_with) == ([1], [3503])


async def test_revocations_arrive_by_messages(bench, log):
    socket = Socket()
    await bench.revocations.apply_for([])
    bench.sessions.add("session", socket)
    log.end_session("session")
    bench.dispatch(*log.stored(REVOCATIONS).entries, stream=REVOCATIONS)
    await until(lambda: socket.ended_with == [3503])
    assert bench.sessions.has_ended("session")
    assert not bench.sessions.has_ended("another")


async def test_revocations_from_before_the_start_of_this_process_are_known(bench, log):
    revocation_offset = log.end_session("session")
    await bench.revocations.apply_for([])
    assert bench.sessions.has_ended("session")
    assert bench.revocations.has_applied(revocation_offset)


async def test_an_event_with_a_revocation_offset_above_the_head_is_not_delivered(bench, log, caplog):
    alice = Client()
    await bench.follow(alice)
    bench.dispatch(*log.write(ROOM, revocation_offset=7))
    await until(lambda: "cannot read the log" in caplog.text)
    assert alice.pushes(ROOM) == []


async def test_a_pruned_revocation_log_is_loaded_again(bench, log):
    alice = Client()
    await bench.follow(alice)
    for number in range(9):
        revocation_offset = log.end_session(f"session {number}")
    log.prune(REVOCATIONS, first_kept=6)
    bench.dispatch(*log.write(ROOM, revocation_offset=revocation_offset))
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_a_revocation_log_of_another_epoch_is_loaded_again(bench, log):
    alice = Client()
    await bench.follow(alice)
    log.renew(REVOCATIONS)
    revocation_offset = log.end_session("session")
    bench.dispatch(*log.write(ROOM, revocation_offset=revocation_offset))
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert alice.pushes(ROOM) == [1]
    assert bench.sessions.has_ended("session")


# -- heal ------------------------------------------------------------------------------------------------------------


async def test_a_gap_in_the_revocation_log_is_healed_without_an_event_that_needs_it(bench, log):
    socket = Socket()
    await bench.revocations.load()
    bench.sessions.add("first", socket)
    for session in ("first", "second", "third"):
        log.end_session(session)
    bench.dispatch(log.stored(REVOCATIONS).entries[-1], stream=REVOCATIONS)
    assert bench.revocations.is_behind
    await until(lambda: not bench.revocations.is_behind)
    assert socket.ended_with == [3503]
    assert bench.revocations.has_applied(3)
    assert not bench.revocations.has_applied(4)


async def test_a_revocation_that_was_announced_and_is_not_in_the_log_is_not_waited_for(bench, log):
    log.end_session("session")
    await bench.revocations.load()
    bench.hub.dispatch(REVOCATIONS, log.stored(REVOCATIONS).epoch, [Entry(9, "", "sessions.revoked", "")])
    assert bench.revocations.is_behind
    await until(lambda: not bench.revocations.is_behind)
    assert bench.revocations.is_loaded
    assert not bench.revocations.has_applied(2)


async def test_revocations_that_were_pruned_before_they_were_read_are_loaded_by_the_poll(running, log):
    await until(lambda: running.revocations.is_loaded)
    log.hold()
    offset = [log.end_session(session) for session in ("first", "second")][-1]
    log.prune(REVOCATIONS, first_kept=offset + 1)
    log.release()
    await until(lambda: running.revocations.has_applied(offset))
    assert not running.sessions.has_ended("first")  # pruned: older than any token that could still be valid


async def test_a_revocation_log_that_cannot_be_read_is_read_again_after_the_next_poll(running, log, caplog):
    await until(lambda: running.revocations.is_loaded)
    log.error = OSError("the database is away")
    log.end_session("session")
    running.hub.dispatch(REVOCATIONS, log.stored(REVOCATIONS).epoch, [Entry(1, "", "sessions.revoked", "")])
    await until(lambda: "cannot read the revocation log" in caplog.text)
    assert not running.hub.is_current
    log.error = None
    await until(lambda: running.sessions.has_ended("session"))


async def test_messages_that_arrive_before_the_log_is_loaded_lose_nothing(bench, log):
    log.end_session("first")
    log.hold()
    loading = asyncio.create_task(bench.revocations.load())
    await settled()
    log.end_session("second")
    bench.dispatch(log.stored(REVOCATIONS).entries[-1], stream=REVOCATIONS)
    log.release()
    await loading
    await until(lambda: not bench.revocations.is_behind)
    assert bench.sessions.has_ended("first")
    assert bench.sessions.has_ended("second")


# -- what this process knows -----------------------------------------------------------------------------------------


async def test_a_hub_is_current_while_all_that_was_announced_is_applied_and_the_last_poll_is_young(bench, log):
    assert not bench.hub.is_current  # the log was not loaded
    await bench.revocations.apply_for([])
    now = bench.hub._loop.time()
    bench.hub.polled_at = now
    assert bench.hub.is_current
    bench.revocations._head += 1  # announced, and not applied
    assert not bench.hub.is_current
    bench.revocations._head -= 1
    bench.hub.polled_at = now - bench.hub._intervals.poll - LATE_SECONDS
    assert not bench.hub.is_current


async def test_is_alive_asks_the_hub(bench, log):
    await bench.revocations.apply_for([])
    bench.hub.polled_at = bench.hub._loop.time()
    revocations.attach(bench.hub)
    try:
        assert revocations.is_alive("t", time.time()) is True
        (revocation,) = log.write(REVOCATIONS, payload='{"type": "sessions.revoked", "data": {"sessions": ["t"]}}')
        bench.hub.dispatch_own(recorded(log, revocation, stream=REVOCATIONS))
        assert revocations.is_alive("t", time.time()) is False
        bench.revocations._lose()
        assert revocations.is_alive("u", time.time()) is None
    finally:
        revocations.detach(bench.hub)
