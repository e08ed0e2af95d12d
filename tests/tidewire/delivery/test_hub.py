"""The hub orders, heals and fans out: every subscriber is sent every offset once, whatever the layer does."""

import asyncio
import logging

import pytest
from channels.layers import InMemoryChannelLayer

from tests.forger import MARK, altered, forgeries
from tests.tidewire.delivery.bench import ROOM, Bench, message_of
from tests.tidewire.in_memory import NEVER, Client, settled, until
from tidewire.declare.live import EVERYONE
from tidewire.delivery.hub import Intervals
from tidewire.ground.positions import Entry
from tidewire.ground.streams import REVOCATIONS
from tidewire.layer import membership
from tidewire.layer.messages import Ephemeral, Events, PresenceChanges, message
from tidewire.layer.signatures import sign
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

# -- order -----------------------------------------------------------------------------------------------------------


async def test_events_in_order_go_to_every_subscriber(bench, log):
    alice, bob = Client("alice"), Client("bob")
    for client in (alice, bob):
        await bench.follow(client)
    bench.dispatch(*log.write(ROOM, 3))
    await settled()
    assert alice.pushes(ROOM) == bob.pushes(ROOM) == [1, 2, 3]
    assert log.asked("page") == 0


async def test_an_event_is_encoded_once_for_all(bench, log):
    class Counting(type(JSON)):
        count = 0

        def publication(self, channel, entry):
            self.count += 1
            return super().publication(channel, entry)

    codec = Counting()
    clients = [Client(codec=codec) for _ in range(20)]
    for client in clients:
        await bench.follow(client)
    bench.dispatch(*log.write(ROOM, 2))
    await settled()
    assert codec.count == 2
    assert all(client.pushes(ROOM) == [1, 2] for client in clients)


async def test_an_event_that_was_dispatched_before_is_ignored(bench, log):
    alice = Client()
    await bench.follow(alice)
    one, two = log.write(ROOM, 2)
    bench.dispatch(one, two, one, two)
    bench.dispatch(one)
    await settled()
    assert alice.pushes(ROOM) == [1, 2]


async def test_a_stream_without_subscriptions_is_ignored(bench, log):
    bench.dispatch(*log.write(ROOM))
    assert (bench.subscriptions.state(ROOM), bench.subscriptions.streams()) == (None, [])


async def test_a_discarded_subscription_gets_nothing(bench, log):
    alice, bob = Client("alice"), Client("bob")
    gone, _ = await bench.follow(alice), await bench.follow(bob)
    bench.subscriptions.discard(gone)
    bench.subscriptions.discard(gone)
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert (alice.pushes(ROOM), bob.pushes(ROOM)) == ([], [1])


async def test_a_stream_is_forgotten_with_its_last_subscription(bench, log):
    subscription = await bench.follow(Client())
    assert bench.subscriptions.streams() == [ROOM]
    bench.subscriptions.discard(subscription)
    assert bench.subscriptions.streams() == []


async def test_a_closed_subscription_gets_nothing(bench, log):
    alice = Client()
    subscription = await bench.follow(alice)
    subscription.is_open = False
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert alice.pushes(ROOM) == []
    assert bench.subscriptions.state(ROOM).offset == 1


# -- heal ------------------------------------------------------------------------------------------------------------


async def test_a_gap_is_healed_from_the_log(bench, log):
    alice = Client()
    await bench.follow(alice)
    entries = log.write(ROOM, 5)
    bench.dispatch(entries[0])
    bench.dispatch(entries[4])
    await until(lambda: bench.subscriptions.state(ROOM).offset == 5)
    await settled()
    assert alice.pushes(ROOM) == [1, 2, 3, 4, 5]


async def test_a_gap_of_many_pages_is_healed(bench, log):
    alice = Client()
    await bench.follow(alice)
    bench.dispatch(log.write(ROOM, 1234)[-1])
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1234)
    await settled()
    assert alice.pushes(ROOM) == list(range(1, 1235))
    assert log.asked("page") == 3


async def test_an_event_without_its_payload_is_read_from_the_log(bench, log):
    alice = Client()
    await bench.follow(alice)
    (entry,) = log.write(ROOM)
    bench.dispatch(Entry(entry.offset, "", entry.type, ""))
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_events_that_arrive_while_a_gap_heals_are_not_sent_twice(bench, log):
    alice = Client()
    await bench.follow(alice)
    entries = log.write(ROOM, 4)
    log.hold()
    bench.dispatch(entries[3])
    await settled()
    bench.dispatch(entries[0], entries[1])
    log.release()
    await until(lambda: bench.subscriptions.state(ROOM).offset == 4)
    await settled()
    assert alice.pushes(ROOM) == [1, 2, 3, 4]


async def test_nothing_is_lost_when_messages_overtake_a_page(bench, log):
    alice = Client()
    await bench.follow(alice)
    entries = log.write(ROOM, 3)
    log.hold()
    bench.dispatch(entries[2])  # reads the page 1 to 3
    await settled()
    bench.dispatch(*entries)  # late
    log.write(ROOM)
    bench.dispatch(*log.write(ROOM))  # 5: now 4 is missing
    log.release()
    await until(lambda: bench.subscriptions.state(ROOM).offset == 5)
    await settled()
    assert alice.pushes(ROOM) == [1, 2, 3, 4, 5]


async def test_a_log_that_cannot_be_read_is_read_again(running, log, caplog):
    alice = Client()
    await running.follow(alice)
    log.error = OSError("the database is away")
    log.write(ROOM, 2)
    await until(lambda: "cannot poll the log" in caplog.text)
    log.error = None
    await until(lambda: running.subscriptions.state(ROOM).offset == 2)
    await settled()
    assert alice.pushes(ROOM) == [1, 2]


async def test_events_that_were_pruned_before_they_were_dispatched_end_the_subscriptions(bench, log):
    alice, bob = Client("alice"), Client("bob")
    for client in (alice, bob):
        await bench.follow(client)
    entries = log.write(ROOM, 9)
    log.prune(ROOM, first_kept=5)
    bench.dispatch(entries[-1])
    await until(lambda: bench.subscriptions.state(ROOM) is None)
    await settled()
    assert alice.pushes(ROOM) == bob.pushes(ROOM) == [("unsubscribe", 2500)]
    assert alice.forgotten == [ROOM]


# -- epochs ----------------------------------------------------------------------------------------------------------


async def test_another_epoch_ends_the_subscriptions(bench, log):
    alice = Client()
    await bench.follow(alice)
    log.renew(ROOM)
    bench.hub.update_head(log.position(ROOM))
    await settled()
    assert alice.pushes(ROOM) == [("unsubscribe", 2502)]


async def test_another_epoch_that_is_found_while_a_gap_heals_ends_them_too(bench, log):
    alice = Client()
    await bench.follow(alice)
    entries = log.write(ROOM, 2)
    log.hold()
    bench.dispatch(entries[1])
    await settled()
    log.renew(ROOM)
    log.release()
    await settled()
    bench.hub.update_head(log.position(ROOM))
    await settled()
    assert alice.pushes(ROOM) in ([1, 2, ("unsubscribe", 2502)], [("unsubscribe", 2502)])


async def test_a_message_of_another_epoch_is_left_to_the_poll(bench, log):
    """The message may be late, from before a restore, or early. Only the log knows which epoch holds."""
    alice = Client()
    await bench.follow(alice)
    bench.hub.dispatch(ROOM, "another", [Entry(1, "", "item.changed", "{}")])
    bench.hub.dispatch(ROOM, "another", [Entry(900, "", "item.changed", "{}")])
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_a_message_of_another_epoch_before_the_head_is_known_loses_nothing(bench, log):
    alice = Client()
    subscription = alice.subscription(ROOM)
    bench.subscriptions.add(subscription)
    await bench.revocations.apply_for([])
    bench.hub.dispatch(ROOM, "of yesterday", [Entry(900, "", "item.changed", "{}")])
    log.write(ROOM, 3)
    bench.hub.update_head(log.position(ROOM))
    subscription.offset = 3
    subscription.is_answered = subscription.is_open = True
    await settled()
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert alice.pushes(ROOM) == [4]


# -- access in doubt -------------------------------------------------------------------------------------------------


async def test_an_event_that_may_end_access_suspends_the_subscription_at_its_offset(bench, log):
    alice, bob = Client("alice"), Client("bob")
    await bench.follow(alice)
    suspended = await bench.follow(bob)
    bench.dispatch(*log.write(ROOM), *log.write(ROOM, ends_access="bob"), *log.write(ROOM, 2))
    await settled()
    assert alice.pushes(ROOM) == [1, 2, 3, 4]
    assert bob.pushes(ROOM) == [1, 2]
    assert bench.suspended == [(ROOM, [suspended])]
    assert suspended.suspensions == 1


async def test_an_event_that_may_end_the_access_of_everyone_suspends_all(bench, log):
    clients = [Client(name) for name in ("alice", "bob")]
    subscriptions = [await bench.follow(client) for client in clients]
    bench.dispatch(*log.write(ROOM, ends_access=EVERYONE), *log.write(ROOM))
    await settled()
    assert [client.pushes(ROOM) for client in clients] == [[1], [1]]
    assert bench.suspended == [(ROOM, subscriptions)]


async def test_an_event_that_may_end_the_access_of_an_absent_user_suspends_none(bench, log):
    alice = Client("alice")
    await bench.follow(alice)
    bench.dispatch(*log.write(ROOM, ends_access="charlie"), *log.write(ROOM))
    await settled()
    assert (alice.pushes(ROOM), bench.suspended) == ([1, 2], [])


async def test_an_event_that_is_read_from_the_log_suspends_too(bench, log):
    bob = Client("bob")
    await bench.follow(bob)
    entries = [*log.write(ROOM), *log.write(ROOM, ends_access="bob"), *log.write(ROOM)]
    bench.dispatch(entries[-1])
    await until(lambda: bench.subscriptions.state(ROOM).offset == 3)
    await settled()
    assert bob.pushes(ROOM) == [1, 2]


# -- layer, poll, audit ----------------------------------------------------------------------------------------------


async def test_events_from_the_layer_are_dispatched(log):
    bench = Bench(log)
    bench.hub.start()
    alice = Client()
    await bench.follow(alice)
    await bench.subscriptions.joined([ROOM])
    await bench.send(message_of(log, *log.write(ROOM, 2)))
    await until(lambda: alice.pushes(ROOM) == [1, 2])
    assert log.asked("page") == 0
    await bench.stop()


POISON = [
    {},
    sign("tidewire.something.newer", b""),
    sign("tidewire.events", b"\xc1"),
    sign("tidewire.events", b"\x90"),
    sign("tidewire.ephemeral", b"\x90"),
    sign("tidewire.presence", b"\x90"),
    sign("websocket.disconnect", b""),
]


@pytest.mark.parametrize("poison", POISON)
async def test_a_message_that_cannot_be_read_is_ignored(log, poison):
    bench = Bench(log)
    bench.hub.start()
    alice = Client()
    await bench.follow(alice)
    await bench.subscriptions.joined([ROOM])
    await bench.send(poison)
    await bench.send(message_of(log, *log.write(ROOM)))
    await until(lambda: alice.pushes(ROOM) == [1])
    await bench.stop()


async def test_nothing_that_a_forger_sends_is_delivered(log):
    bench = Bench(log)
    bench.hub.start()
    alice = Client()
    await bench.follow(alice, is_following_presence=True)
    await bench.subscriptions.joined([ROOM])
    (genuine,) = log.write(ROOM)
    signed = message_of(log, genuine)
    for forged in (*forgeries(ROOM, log.stored(ROOM).epoch, genuine.offset), *altered(signed)):
        await bench.send(forged)
    await bench.send(signed)
    await until(lambda: alice.pushes(ROOM) == [1])
    assert MARK not in str(alice.messages)
    assert (bench.suspended, log.asked("page")) == ([], 0)
    await bench.stop()


async def test_a_message_that_is_sent_again_in_another_group_reaches_its_own_stream_only(log):
    bench = Bench(log)
    bench.hub.start()
    alice, bob = Client("alice"), Client("bob")
    await bench.follow(alice)
    await bench.follow(bob, "room:2")
    await bench.subscriptions.joined([ROOM, "room:2"])
    for _ in range(2):
        await bench.send(message_of(log, *log.stored(ROOM).entries or log.write(ROOM)), stream="room:2")
    await until(lambda: alice.pushes(ROOM) == [1])
    await settled()
    assert (alice.pushes(ROOM), bob.messages) == ([1], [])
    await bench.stop()


async def test_a_copy_of_a_message_without_an_offset_does_nothing(log):
    """A client's command, which another process passes on in the same way, would be done twice."""
    bench = Bench(log)
    bench.hub.start()
    alice = Client()
    await bench.follow(alice, is_following_presence=True)
    await bench.subscriptions.joined([ROOM])
    info = ClientInfo("bob", "b")
    typing = message(Ephemeral(ROOM, '{"type":"typing"}', info))
    joined = message(PresenceChanges.of(ROOM, [JoinPush(info)]))
    for _ in range(3):
        await bench.send(typing)
        await bench.send(joined)
    await bench.send(message(Ephemeral(ROOM, '{"type":"typing"}', info)))  # the same again, from its sender
    await until(lambda: len(alice.frames) == 3)
    await settled()
    assert kinds(alice) == ["pub", "join", "pub"]
    await bench.stop()


async def test_a_revocation_from_the_layer_is_read_from_the_log(log):
    """The message is a nudge only: one that names a session which the log does not end closes nothing."""
    bench = Bench(log)
    bench.hub.start()
    await bench.revocations.load()
    bench.sessions.add("alive", ending := Ending())
    log.end_session("other")
    named = Entry(1, "", "sessions.revoked", '{"type": "sessions.revoked", "data": {"sessions": ["alive"]}}')
    await until(lambda: "tw.revocations.all" in bench.layer.groups)
    await bench.send(message(Events(REVOCATIONS, log.stored(REVOCATIONS).epoch, [named])), stream=REVOCATIONS)
    await until(lambda: bench.revocations.has_applied(1))
    assert bench.sessions.has_ended("other")
    assert not bench.sessions.has_ended("alive")
    assert ending.codes == []
    await bench.stop()


class Ending:
    """A connection of a session, which keeps the codes that it was ended with."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    def end(self, code) -> None:
        self.codes.append(code.code)


# -- ahead of the log ------------------------------------------------------------------------------------------------


async def test_a_stream_that_is_ahead_of_its_log_is_started_again(log, caplog):
    """A failover lost events that were delivered. Those that the log holds next must not be taken for them."""
    bench = Bench(log, Intervals(poll=NEVER, touched=10, audit=0.02, heartbeat=NEVER))
    alice = Client()
    await bench.follow(alice)
    bench.dispatch(*log.write(ROOM, 3))
    log.lose(ROOM, kept=1)
    bench.hub.start()
    await until(lambda: alice.pushes(ROOM) == [1, 2, 3, ("unsubscribe", 2502)])
    assert "a room stream ends at 1, and 3 was delivered" in caplog.text
    await bench.follow(alice)
    bench.dispatch(*log.write(ROOM))
    await until(lambda: alice.pushes(ROOM)[4:] == [2])
    await bench.stop()


async def test_a_head_that_is_older_than_the_last_event_restarts_nothing(bench, log):
    alice = Client()
    await bench.follow(alice)
    asked_at, head = asyncio.get_running_loop().time(), log.position(ROOM)
    bench.dispatch(*log.write(ROOM))
    bench.hub.update_head(head, asked_at)
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_a_revocation_log_that_ends_before_what_was_applied_is_read_again(log, caplog):
    bench = Bench(log, Intervals(poll=0.02, touched=10, audit=NEVER, heartbeat=NEVER))
    log.end_session("first")
    log.end_session("lost")
    await bench.revocations.load()
    log.lose(REVOCATIONS, kept=1)
    bench.hub.start()
    await until(lambda: "the revocation log ends at 1, and 2 was applied" in caplog.text)
    offset = log.end_session("second")
    await until(lambda: bench.sessions.has_ended("second"))
    assert offset == 2
    await bench.stop()


async def test_the_poll_finds_events_that_no_message_announced(running, log):
    alice = Client()
    await running.follow(alice)
    log.write(ROOM, 3)
    await until(lambda: alice.pushes(ROOM) == [1, 2, 3])


async def test_the_audit_finds_events_that_the_poll_does_not(log):
    log.is_blind = True
    bench = Bench(log, Intervals(poll=NEVER, touched=10, audit=0.05, heartbeat=NEVER))
    bench.hub.start()
    alice = Client()
    await bench.follow(alice)
    log.write(ROOM, 3)
    await until(lambda: alice.pushes(ROOM) == [1, 2, 3])
    await bench.stop()


async def test_the_poll_looks_back_over_the_time_in_which_it_failed(log):
    bench = Bench(log, Intervals(poll=0, touched=10, audit=NEVER, heartbeat=NEVER))
    log.error = OSError("the database is away")
    bench.hub.start()
    bench.hub.polled_at -= 100  # as if polls had failed for so long
    await until(lambda: log.asked("touched") >= 2)
    seconds = [call[1] for call in log.calls if call[0] == "touched"]
    assert min(seconds) >= 110
    assert not bench.hub.is_informed
    log.error = None
    await until(lambda: bench.hub.is_informed)
    await bench.stop()


class AwayLayer(InMemoryChannelLayer):
    """Raises in every method while `is_away`."""

    is_away = True

    async def new_channel(self, prefix="specific."):
        self._check()
        return await super().new_channel(prefix)

    async def group_add(self, group, channel):
        self._check()
        await super().group_add(group, channel)

    async def send(self, channel, message):
        self._check()
        await super().send(channel, message)

    def _check(self) -> None:
        if self.is_away:
            raise ConnectionError("the layer is away")


async def test_without_the_layer_events_are_delivered_by_the_poll(log, caplog):
    bench = Bench(log, Intervals(poll=0, touched=10, audit=NEVER, heartbeat=0.001), AwayLayer())
    alice = Client()
    with caplog.at_level(logging.WARNING):
        bench.hub.start()
        await bench.follow(alice)
        await bench.subscriptions.joined([ROOM])  # does not wait while the layer fails
        log.write(ROOM)
        await until(lambda: alice.pushes(ROOM) == [1])
    assert "channel layer unavailable" in caplog.text
    bench.layer.is_away = False
    await until(lambda: "tw.room.1" in bench.layer.groups)
    await bench.stop()


async def test_the_mailbox_is_in_the_groups_of_watched_streams_and_of_the_revocation_log(log, monkeypatch):
    monkeypatch.setattr(membership, "LEAVE_SECONDS", 0.05)
    bench = Bench(log)
    bench.hub.start()
    subscription = await bench.follow(Client())
    await bench.subscriptions.joined([ROOM, REVOCATIONS])
    assert set(bench.layer.groups) == {"tw.room.1", "tw.revocations.all"}
    bench.subscriptions.discard(subscription)
    await asyncio.sleep(0)
    assert "tw.room.1" in bench.layer.groups  # for a client that comes back at once
    await until(lambda: set(bench.layer.groups) == {"tw.revocations.all"})
    bench.subscriptions.add(subscription)
    bench.subscriptions.discard(subscription)
    bench.subscriptions.add(subscription)
    await until(lambda: set(bench.layer.groups) == {"tw.room.1", "tw.revocations.all"})
    await bench.stop()


# -- messages without an offset --------------------------------------------------------------------------------------


def kinds(client: Client) -> list[str]:
    return [next(key for key in frame["push"] if key != "channel") for frame in client.frames]


async def test_ephemeral_messages_go_to_open_subscriptions_and_joins_to_those_that_follow_presence(bench, log):
    asked, other, shut = Client("asked"), Client("other"), Client("shut")
    await bench.follow(asked, is_following_presence=True)
    await bench.follow(other)
    (await bench.follow(shut, is_following_presence=True)).is_open = False
    bench.hub.start()
    info = ClientInfo("alice", "c")
    bench.hub.dispatch_ephemeral(Ephemeral(ROOM, '{"type":"typing"}', info))
    bench.hub.dispatch_presence(ROOM, JoinPush(info))
    bench.hub.dispatch_presence(ROOM, LeavePush(info))
    bench.hub.dispatch_ephemeral(Ephemeral("room:2", "{}", info))
    await settled()
    assert kinds(asked) == ["pub", "join", "leave"]
    pub = {"data": {"type": "typing"}, "info": {"user": "alice", "client": "c"}}
    assert other.frames == [{"push": {"channel": ROOM, "pub": pub}}]
    assert shut.frames == []


async def test_an_ephemeral_message_moves_no_position(bench, log):
    alice = Client()
    subscription = await bench.follow(alice)
    bench.hub.start()
    bench.hub.dispatch_ephemeral(Ephemeral(ROOM, "{}", ClientInfo("bob", "b")))
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert (subscription.offset, bench.subscriptions.state(ROOM).offset) == (1, 1)


async def test_a_hub_that_cannot_read_the_log_delivers_no_ephemeral_messages(bench, log):
    alice = Client()
    await bench.follow(alice)
    bench.hub.polled_at = asyncio.get_running_loop().time() - 60
    bench.hub.dispatch_ephemeral(Ephemeral(ROOM, "{}", ClientInfo("bob", "b")))
    await settled()
    assert alice.frames == []
