"""What a process commits reaches its own clients without the layer, by the same rules."""

from tests.tidewire.delivery.bench import ROOM, recorded
from tests.tidewire.in_memory import Client, settled
from tidewire.ground.streams import REVOCATIONS


async def test_own_events_are_dispatched_at_once_and_their_echo_is_ignored(bench, log):
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


async def test_an_own_event_that_does_not_follow_is_left_to_the_layer(bench, log):
    """The event of another process is about to arrive. Reading the log for it would cost a query for each such case."""
    client = Client()
    await bench.follow(client)
    theirs, ours = log.write(ROOM, 2)
    bench.hub.dispatch_own(recorded(log, ours))
    await settled()
    assert (client.pushes(ROOM), log.asked("page")) == ([], 0)
    bench.dispatch(theirs, ours)
    await settled()
    assert client.pushes(ROOM) == [1, 2]


async def test_no_own_event_is_delivered_before_the_revocations_that_its_writer_saw(bench, log):
    client = Client()
    await bench.follow(client)
    (revocation,) = log.write(REVOCATIONS, payload='{"type": "sessions.revoked", "data": {"sessions": ["s"]}}')
    (entry,) = log.write(ROOM, revocation_offset=revocation.offset)
    bench.hub.dispatch_own(recorded(log, entry))
    await settled()
    assert client.pushes(ROOM) == []
    bench.hub.dispatch_own(recorded(log, revocation, stream=REVOCATIONS) + recorded(log, entry))
    await settled()
    assert client.pushes(ROOM) == [1]
    assert bench.hub.has_ended("s")


async def test_an_own_event_that_may_end_access_suspends_too(bench, log):
    alice, bob = Client("alice"), Client("bob")
    await bench.follow(alice)
    subscription = await bench.follow(bob)
    bench.hub.dispatch_own(recorded(log, *log.write(ROOM, ends_access="bob"), *log.write(ROOM)))
    await settled()
    assert (alice.pushes(ROOM), bob.pushes(ROOM)) == ([1, 2], [1])
    assert bench.suspended == [(ROOM, [subscription])]


async def test_an_own_event_of_a_stream_without_subscriptions_is_ignored(bench, log):
    bench.hub.dispatch_own(recorded(log, *log.write("room:other"), stream="room:other"))
    assert bench.subscriptions.state("room:other") is None
