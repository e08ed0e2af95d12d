"""The hub orders, heals and fans out: every subscriber sees every offset once, whatever the layer does."""

import asyncio
import contextlib
import logging

import pytest
from channels.layers import InMemoryChannelLayer

from tests.tidewire.in_memory import NEVER, QUIET, Client, Log, settled, until
from tidewire.declare.live import EVERYONE
from tidewire.delivery.hub import Hub, Intervals
from tidewire.delivery.revocations import RevocationLog, Sessions
from tidewire.delivery.roster import Roster
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.ground.positions import Entry, Position
from tidewire.ground.streams import REVOCATIONS
from tidewire.layer.membership import Membership
from tidewire.layer.messages import EPHEMERAL_TYPE, EVENTS_TYPE, PRESENCE_TYPE, Ephemeral
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

ROOM = "room:1"


class Bench:
    """A hub on a log and a layer in memory."""

    def __init__(self, log: Log, intervals: Intervals = QUIET, layer: InMemoryChannelLayer | None = None) -> None:
        self.log, self.layer = log, layer or InMemoryChannelLayer(capacity=1000)
        self.suspended: list[tuple[str, list[Subscription]]] = []
        self.tasks, membership = Tasks(), Membership(self.layer)
        self.subscriptions, self.sessions = Subscriptions(membership), Sessions()
        self.revocations = RevocationLog(log, self.sessions, self.tasks)
        self.hub = Hub(
            self.layer,
            membership,
            log,
            intervals,
            subscriptions=self.subscriptions,
            sessions=self.sessions,
            revocations=self.revocations,
            rechecks=self,
            roster=Roster(),
            tasks=self.tasks,
        )

    def begin(self, stream: str, suspended: list[Subscription]) -> None:
        """As AccessRechecks, which would ask for their access."""
        self.suspended.append((stream, suspended))

    async def follow(self, client: Client, stream: str = ROOM, **options) -> Subscription:
        """Subscribed from the stream's head, with an open gate."""
        subscription = client.subscription(stream, **options)
        self.subscriptions.add(subscription)
        await self.revocations.apply_for([])
        self.hub.update_head(self.log.position(stream))
        subscription.offset = self.log.stored(stream).head
        subscription.is_answered = subscription.is_open = True
        return subscription

    def dispatch(self, *entries: Entry, stream: str = ROOM) -> None:
        self.hub.dispatch(stream, self.log.stored(stream).epoch, entries)

    async def stop(self) -> None:
        await settled()
        await self.tasks.stop()

    async def nudge(self, message: object, stream: str = ROOM) -> None:
        """By the layer."""
        await self.layer.group_send("tw." + stream.replace(":", "."), message)


@pytest.fixture
async def log() -> Log:
    return Log()


@pytest.fixture
async def bench(log):
    bench = Bench(log)
    yield bench
    await bench.stop()


@pytest.fixture
async def running(log):
    """Started, and polling at every turn of the loop."""
    bench = Bench(log, Intervals(poll=0, touched=10, audit=NEVER, heartbeat=0.001))
    bench.hub.start()
    yield bench
    await bench.stop()


def nudge_of(log: Log, *entries: Entry, stream: str = ROOM, **changes) -> dict:
    rows = [[e.offset, e.ends_access, e.type, e.payload, e.revocation_offset] for e in entries]
    return {
        "type": EVENTS_TYPE,
        "v": 1,
        "stream": stream,
        "epoch": log.stored(stream).epoch,
        "events": rows,
        **changes,
    }


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


async def test_what_was_seen_before_is_ignored(bench, log):
    alice = Client()
    await bench.follow(alice)
    one, two = log.write(ROOM, 2)
    bench.dispatch(one, two, one, two)
    bench.dispatch(one)
    await settled()
    assert alice.pushes(ROOM) == [1, 2]


async def test_a_stream_that_nobody_follows_is_ignored(bench, log):
    bench.dispatch(*log.write(ROOM))
    assert (bench.subscriptions.state(ROOM), bench.subscriptions.streams()) == (None, [])


async def test_who_has_gone_gets_nothing(bench, log):
    alice, bob = Client("alice"), Client("bob")
    gone, _ = await bench.follow(alice), await bench.follow(bob)
    bench.subscriptions.discard(gone)
    bench.subscriptions.discard(gone)
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert (alice.pushes(ROOM), bob.pushes(ROOM)) == ([], [1])


async def test_the_last_to_go_takes_the_stream_along(bench, log):
    subscription = await bench.follow(Client())
    assert bench.subscriptions.streams() == [ROOM]
    bench.subscriptions.discard(subscription)
    assert bench.subscriptions.streams() == []


async def test_a_shut_gate_lets_nothing_through(bench, log):
    alice = Client()
    subscription = await bench.follow(alice)
    subscription.is_open = False
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert alice.pushes(ROOM) == []
    assert bench.subscriptions.state(ROOM).offset == 1


# -- gaps ------------------------------------------------------------------------------------------------------------


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


async def test_an_event_that_was_left_in_the_log_is_read_there(bench, log):
    alice = Client()
    await bench.follow(alice)
    (entry,) = log.write(ROOM)
    bench.dispatch(Entry(entry.offset, "", entry.type, ""))
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_nudges_that_arrive_while_a_gap_heals_are_not_doubled(bench, log):
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


async def test_a_page_that_nudges_have_overtaken_is_no_loss(bench, log):
    alice = Client()
    await bench.follow(alice)
    entries = log.write(ROOM, 3)
    log.hold()
    bench.dispatch(entries[2])  # a page of 1 to 3 is read
    await settled()
    bench.dispatch(*entries)  # late, but here
    log.write(ROOM)
    bench.dispatch(*log.write(ROOM))  # 5: now 4 is missing
    log.release()
    await until(lambda: bench.subscriptions.state(ROOM).offset == 5)
    await settled()
    assert alice.pushes(ROOM) == [1, 2, 3, 4, 5]


async def test_a_log_that_cannot_be_read_is_asked_again(running, log, caplog):
    alice = Client()
    await running.follow(alice)
    log.error = OSError("the database is away")
    log.write(ROOM, 2)
    await until(lambda: "cannot poll the log" in caplog.text)
    log.error = None
    await until(lambda: running.subscriptions.state(ROOM).offset == 2)
    await settled()
    assert alice.pushes(ROOM) == [1, 2]


async def test_what_was_pruned_before_it_was_seen_ends_the_subscriptions(bench, log):
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


async def test_another_epoch_that_shows_while_a_gap_heals(bench, log):
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


async def test_a_nudge_of_another_epoch_waits_for_the_poll(bench, log):
    """It may be late, from before a restore, or early: the log knows which epoch holds."""
    alice = Client()
    await bench.follow(alice)
    bench.hub.dispatch(ROOM, "another", [Entry(1, "", "item.changed", "{}")])
    bench.hub.dispatch(ROOM, "another", [Entry(900, "", "item.changed", "{}")])
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_a_nudge_of_another_epoch_before_the_head_is_known_is_no_loss(bench, log):
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


# -- fences ----------------------------------------------------------------------------------------------------------


async def test_a_fence_shuts_the_gate_at_that_event(bench, log):
    alice, bob = Client("alice"), Client("bob")
    await bench.follow(alice)
    suspended = await bench.follow(bob)
    bench.dispatch(*log.write(ROOM), *log.write(ROOM, ends_access="bob"), *log.write(ROOM, 2))
    await settled()
    assert alice.pushes(ROOM) == [1, 2, 3, 4]
    assert bob.pushes(ROOM) == [1, 2]
    assert bench.suspended == [(ROOM, [suspended])]
    assert suspended.suspensions == 1


async def test_a_fence_for_everyone_shuts_every_gate(bench, log):
    clients = [Client(name) for name in ("alice", "bob")]
    subscriptions = [await bench.follow(client) for client in clients]
    bench.dispatch(*log.write(ROOM, ends_access=EVERYONE), *log.write(ROOM))
    await settled()
    assert [client.pushes(ROOM) for client in clients] == [[1], [1]]
    assert bench.suspended == [(ROOM, subscriptions)]


async def test_a_fence_for_somebody_who_is_not_here_disturbs_nobody(bench, log):
    alice = Client("alice")
    await bench.follow(alice)
    bench.dispatch(*log.write(ROOM, ends_access="charlie"), *log.write(ROOM))
    await settled()
    assert (alice.pushes(ROOM), bench.suspended) == ([1, 2], [])


async def test_a_fence_that_is_healed_shuts_the_gate_as_well(bench, log):
    bob = Client("bob")
    await bench.follow(bob)
    entries = [*log.write(ROOM), *log.write(ROOM, ends_access="bob"), *log.write(ROOM)]
    bench.dispatch(entries[-1])
    await until(lambda: bench.subscriptions.state(ROOM).offset == 3)
    await settled()
    assert bob.pushes(ROOM) == [1, 2]


# -- the control log -------------------------------------------------------------------------------------------------


class Socket:
    """A connection of a session."""

    def __init__(self) -> None:
        self.ended_with: list[int] = []

    def end(self, code) -> None:
        self.ended_with.append(code.code)


async def test_an_event_waits_for_what_ended_before_it_was_written(bench, log):
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


async def test_the_control_log_is_followed_by_nudges(bench, log):
    socket = Socket()
    await bench.revocations.apply_for([])
    bench.sessions.add("session", socket)
    log.end_session("session")
    bench.dispatch(*log.stored(REVOCATIONS).entries, stream=REVOCATIONS)
    assert socket.ended_with == [3503]
    assert bench.sessions.has_ended("session")
    assert not bench.sessions.has_ended("another")


async def test_what_ended_before_this_process_looked_is_known(bench, log):
    revocation_offset = log.end_session("session")
    await bench.revocations.apply_for([])
    assert bench.sessions.has_ended("session")
    assert bench.revocations.has_applied(revocation_offset)


async def test_an_event_that_names_more_of_the_control_log_than_there_is_is_not_delivered(bench, log, caplog):
    alice = Client()
    await bench.follow(alice)
    bench.dispatch(*log.write(ROOM, revocation_offset=7))
    await until(lambda: "cannot read the log" in caplog.text)
    assert alice.pushes(ROOM) == []


async def test_a_control_log_that_was_pruned_is_read_anew(bench, log):
    alice = Client()
    await bench.follow(alice)
    for number in range(9):
        revocation_offset = log.end_session(f"session {number}")
    log.prune(REVOCATIONS, first_kept=6)
    bench.dispatch(*log.write(ROOM, revocation_offset=revocation_offset))
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert alice.pushes(ROOM) == [1]


async def test_a_control_log_of_another_epoch_is_read_anew(bench, log):
    alice = Client()
    await bench.follow(alice)
    log.renew(REVOCATIONS)
    revocation_offset = log.end_session("session")
    bench.dispatch(*log.write(ROOM, revocation_offset=revocation_offset))
    await until(lambda: bench.subscriptions.state(ROOM).offset == 1)
    await settled()
    assert alice.pushes(ROOM) == [1]
    assert bench.sessions.has_ended("session")


# -- the layer, the poll, the audit ----------------------------------------------------------------------------------


async def test_a_nudge_of_the_layer_is_dispatched(log):
    bench = Bench(log)
    bench.hub.start()
    alice = Client()
    await bench.follow(alice)
    await bench.subscriptions.joined([ROOM])
    await bench.nudge(nudge_of(log, *log.write(ROOM, 2)))
    await until(lambda: alice.pushes(ROOM) == [1, 2])
    assert log.asked("page") == 0
    await bench.stop()


POISON = [
    {},
    {"type": "tidewire.something.newer", "v": 1},
    {"type": EVENTS_TYPE, "v": 2, "stream": ROOM, "events": "of another shape"},
    {"type": EVENTS_TYPE, "v": 1},
    {"type": EVENTS_TYPE, "v": 1, "stream": ROOM, "epoch": "e", "events": None},
    {"type": EVENTS_TYPE, "v": 1, "stream": ROOM, "epoch": "e", "events": [[1, "", "t"]]},
    {"type": EVENTS_TYPE, "v": 1, "stream": ROOM, "epoch": "e", "events": [["one", "", "t", "{}", 0]]},
    {"type": EVENTS_TYPE, "v": 1, "stream": ROOM, "epoch": "e", "events": [[1, "", "t", "{}", 0, "more"]]},
    {"type": EPHEMERAL_TYPE, "v": 1, "stream": ROOM, "kind": "pub"},
    {"type": EPHEMERAL_TYPE, "v": 1, "stream": ROOM, "kind": "pub", "content": {}},
    {"type": EPHEMERAL_TYPE, "v": 1, "stream": ROOM, "kind": "close", "content": {}},
    {"type": PRESENCE_TYPE, "v": 1, "stream": ROOM},
    {"type": PRESENCE_TYPE, "v": 1, "stream": ROOM, "changes": [["join"]]},
    {"type": PRESENCE_TYPE, "v": 1, "stream": ROOM, "changes": [["join", None]]},
    {"type": PRESENCE_TYPE, "v": 1, "stream": ROOM, "changes": [["pub", {}]]},
    {"type": "websocket.disconnect", "v": 1},
]


@pytest.mark.parametrize("poison", POISON, ids=str)
async def test_a_message_that_cannot_be_read_is_ignored(log, poison):
    bench = Bench(log)
    bench.hub.start()
    alice = Client()
    await bench.follow(alice)
    await bench.subscriptions.joined([ROOM])
    await bench.nudge(poison)
    await bench.nudge(nudge_of(log, *log.write(ROOM)))
    await until(lambda: alice.pushes(ROOM) == [1])
    await bench.stop()


async def test_the_poll_finds_what_no_nudge_announced(running, log):
    alice = Client()
    await running.follow(alice)
    log.write(ROOM, 3)
    await until(lambda: alice.pushes(ROOM) == [1, 2, 3])


async def test_the_audit_finds_what_the_poll_does_not(log):
    log.is_blind = True
    bench = Bench(log, Intervals(poll=NEVER, touched=10, audit=0.05, heartbeat=NEVER))
    bench.hub.start()
    alice = Client()
    await bench.follow(alice)
    log.write(ROOM, 3)
    await until(lambda: alice.pushes(ROOM) == [1, 2, 3])
    await bench.stop()


async def test_the_poll_looks_back_over_the_time_in_which_it_could_not_look(log):
    bench = Bench(log, Intervals(poll=0, touched=10, audit=NEVER, heartbeat=NEVER))
    log.error = OSError("the database is away")
    bench.hub.start()
    bench.hub.polled_at -= 100  # it could not look for so long
    await until(lambda: log.asked("touched") >= 2)
    seconds = [call[1] for call in log.calls if call[0] == "touched"]
    assert min(seconds) >= 110
    assert not bench.hub.is_informed
    log.error = None
    await until(lambda: bench.hub.is_informed)
    await bench.stop()


class AbsentLayer(InMemoryChannelLayer):
    """Fails at everything until it is back."""

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


class HalfAbsentLayer(InMemoryChannelLayer):
    """One of its hosts is away: that of the first room."""

    async def group_add(self, group, channel):
        if group == "tw.room.1":
            raise ConnectionError("this host is away")
        await super().group_add(group, channel)


async def test_a_host_that_is_away_keeps_no_stream_of_another_from_being_joined(log, monkeypatch):
    monkeypatch.setattr("tidewire.layer.membership.RETRY_SECONDS", 0.001)
    layer = HalfAbsentLayer()
    membership = Membership(layer)
    running = asyncio.create_task(membership.run(await layer.new_channel()))
    for name in (ROOM, "room:2", "room:3"):
        membership.watch(name)
    await until(lambda: {"tw.room.2", "tw.room.3"} <= set(layer.groups))
    running.cancel()


class SlowLayer(InMemoryChannelLayer):
    """Joins groups when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = asyncio.Event()

    async def group_add(self, group, channel):
        await self.answer.wait()
        await super().group_add(group, channel)


async def test_a_layer_that_is_away_at_the_start_costs_nothing_but_speed(log, caplog):
    bench = Bench(log, Intervals(poll=0, touched=10, audit=NEVER, heartbeat=0.001), AbsentLayer())
    alice = Client()
    with caplog.at_level(logging.WARNING):
        bench.hub.start()
        await bench.follow(alice)
        await bench.subscriptions.joined([ROOM])  # does not wait for what cannot come
        log.write(ROOM)
        await until(lambda: alice.pushes(ROOM) == [1])
    assert "channel layer unavailable" in caplog.text
    bench.layer.is_away = False
    await until(lambda: "tw.room.1" in bench.layer.groups)
    await bench.stop()


class DeafToCancellingLayer(InMemoryChannelLayer):
    """As redis-py: a cancellation that comes while it connects is lost."""

    async def new_channel(self, prefix="specific."):
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(NEVER)
        return await super().new_channel(prefix)


async def test_a_hub_ends_also_where_a_cancellation_is_swallowed(log):
    bench = Bench(log, layer=DeafToCancellingLayer())
    bench.hub.start()
    await settled()
    await asyncio.wait_for(bench.tasks.stop(), 5)
    assert len(bench.tasks) == 0


async def test_the_hub_is_in_the_groups_of_what_is_followed_and_of_the_control_log(log):
    bench = Bench(log)
    bench.hub.start()
    subscription = await bench.follow(Client())
    await bench.subscriptions.joined([ROOM, REVOCATIONS])
    assert set(bench.layer.groups) == {"tw.room.1", "tw.revocations.all"}
    bench.subscriptions.discard(subscription)
    await until(lambda: set(bench.layer.groups) == {"tw.revocations.all"})
    bench.subscriptions.add(subscription)
    bench.subscriptions.discard(subscription)
    bench.subscriptions.add(subscription)
    await until(lambda: set(bench.layer.groups) == {"tw.room.1", "tw.revocations.all"})
    await bench.stop()


async def test_who_joins_groups_ends_when_it_is_told_to():
    """Whatever it is doing at that moment."""
    for turns in range(12):
        layer = SlowLayer()
        membership = Membership(layer)
        task = asyncio.create_task(membership.run(await layer.new_channel()))
        membership.watch(ROOM)
        await settled()
        layer.answer.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await settled()
        is_over = task.done()
        task.cancel()
        await asyncio.wait([task])
        assert is_over, turns


# -- what has no offset ----------------------------------------------------------------------------------------------


def heard(client: Client) -> list[str]:
    return [next(key for key in frame["push"] if key != "channel") for frame in client.frames]


async def test_signals_go_to_open_gates_and_joins_to_who_asked_for_them(bench, log):
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
    assert heard(asked) == ["pub", "join", "leave"]
    pub = {"data": {"type": "typing"}, "info": {"user": "alice", "client": "c"}}
    assert other.frames == [{"push": {"channel": ROOM, "pub": pub}}]
    assert shut.frames == []


async def test_a_signal_moves_no_position(bench, log):
    alice = Client()
    subscription = await bench.follow(alice)
    bench.hub.start()
    bench.hub.dispatch_ephemeral(Ephemeral(ROOM, "{}", ClientInfo("bob", "b")))
    bench.dispatch(*log.write(ROOM))
    await settled()
    assert (subscription.offset, bench.subscriptions.state(ROOM).offset) == (1, 1)


async def test_who_cannot_learn_of_endings_relays_nothing(bench, log):
    alice = Client()
    await bench.follow(alice)
    bench.hub.polled_at = asyncio.get_running_loop().time() - 60
    bench.hub.dispatch_ephemeral(Ephemeral(ROOM, "{}", ClientInfo("bob", "b")))
    await settled()
    assert alice.frames == []


def test_a_position_says_where_a_stream_stands():
    assert Position(ROOM, "e", 3).as_json() == {"channel": ROOM, "epoch": "e", "offset": 3}
