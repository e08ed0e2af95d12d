"""What a process commits reaches its own sockets without the layer; and only what the layer would have brought too."""

import time
from uuid import uuid4

import pytest

from tests.tidewire.delivery.test_hub import ROOM, Bench
from tests.tidewire.in_memory import Client, Log, settled
from tidewire.delivery.hub import LATE_SECONDS
from tidewire.ground.positions import Entry
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import revocations


@pytest.fixture
async def log() -> Log:
    return Log()


@pytest.fixture
async def bench(log):
    bench = Bench(log)
    yield bench
    await bench.stop()


def recorded(log: Log, *entries: Entry, stream: str = ROOM) -> list[RecordedEvent]:
    """As the publisher gets them after COMMIT."""
    return [
        RecordedEvent(
            stream=stream,
            epoch=log.stored(stream).epoch,
            offset=entry.offset,
            id=uuid4(),
            type=entry.type,
            object="",
            ends_access=entry.ends_access,
            revocation_offset=entry.revocation_offset,
            payload=entry.payload,
        )
        for entry in entries
    ]


async def test_they_arrive_at_once_and_their_echo_is_nothing_new(bench, log):
    client = Client()
    await bench.follow(client)
    entries = log.write(ROOM, 2)
    bench.hub.dispatch_own(recorded(log, *entries))
    await settled()
    assert client.pushes(ROOM) == [1, 2]
    bench.dispatch(*entries)
    await settled()
    assert client.pushes(ROOM) == [1, 2]
    assert log.asked("page") == 0


async def test_what_does_not_follow_is_left_to_the_layer(bench, log):
    """Another process's event is on its way: reading the log for it would cost a query for each such crossing."""
    client = Client()
    await bench.follow(client)
    theirs, ours = log.write(ROOM, 2)
    bench.hub.dispatch_own(recorded(log, ours))
    await settled()
    assert (client.pushes(ROOM), log.asked("page")) == ([], 0)
    bench.dispatch(theirs, ours)
    await settled()
    assert client.pushes(ROOM) == [1, 2]


async def test_nothing_is_delivered_ahead_of_the_control_log(bench, log):
    client = Client()
    await bench.follow(client)
    (ending,) = log.write(REVOCATIONS, payload='{"type": "sessions.revoked", "data": {"sessions": ["s"]}}')
    (entry,) = log.write(ROOM, revocation_offset=ending.offset)
    bench.hub.dispatch_own(recorded(log, entry))
    await settled()
    assert client.pushes(ROOM) == []
    bench.hub.dispatch_own(recorded(log, ending, stream=REVOCATIONS) + recorded(log, entry))
    await settled()
    assert client.pushes(ROOM) == [1]
    assert bench.hub.has_ended("s")


async def test_an_event_that_ends_access_is_a_fence(bench, log):
    alice, bob = Client("alice"), Client("bob")
    await bench.follow(alice)
    subscription = await bench.follow(bob)
    bench.hub.dispatch_own(recorded(log, *log.write(ROOM, ends_access="bob"), *log.write(ROOM)))
    await settled()
    assert (alice.pushes(ROOM), bob.pushes(ROOM)) == ([1, 2], [1])
    assert bench.suspended == [(ROOM, [subscription])]


async def test_a_stream_that_nobody_follows_is_passed_over(bench, log):
    bench.hub.dispatch_own(recorded(log, *log.write("room:other"), stream="room:other"))
    assert bench.subscriptions.state("room:other") is None


# -- who knows what has ended ------------------------------------------------------------------------------------------


async def test_a_hub_is_current_while_it_has_applied_what_it_lately_read(bench, log, monkeypatch):
    assert not bench.hub.is_current  # nothing was read
    await bench.revocations.apply_for([])
    now = bench.hub._loop.time()
    bench.hub.polled_at = now
    assert bench.hub.is_current
    bench.revocations._head += 1  # heard of, and not applied
    assert not bench.hub.is_current
    bench.revocations._head -= 1
    bench.hub.polled_at = now - bench.hub._intervals.poll - LATE_SECONDS
    assert not bench.hub.is_current


async def test_endings_ask_the_hub(bench, log):
    await bench.revocations.apply_for([])
    bench.hub.polled_at = bench.hub._loop.time()
    revocations.attach(bench.hub)
    try:
        assert revocations.is_alive("t", time.time()) is True
        (ending,) = log.write(REVOCATIONS, payload='{"type": "sessions.revoked", "data": {"sessions": ["t"]}}')
        bench.hub.dispatch_own(recorded(log, ending, stream=REVOCATIONS))
        assert revocations.is_alive("t", time.time()) is False
        bench.revocations._lose()
        assert revocations.is_alive("u", time.time()) is None
    finally:
        revocations.detach(bench.hub)
