"""The rows that the relay hands to nodes: those of the log, in its order, at its positions, and never with a hole."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from api.models import Message, Room, User
from tests.factories import make_message, make_room, make_user
from tests.tidewire.centrifugo.broker_schema import ask
from tests.tidewire.centrifugo.reading import Row, copy, logged, position, recovered, rows, subscribe
from tidewire.centrifugo import broker, broker_tables, messages
from tidewire.centrifugo.broker import UnknownBrokerError
from tidewire.centrifugo.broker_tables import WINDOW
from tidewire.centrifugo.erasure import forget_account
from tidewire.centrifugo.nodes import Nodes
from tidewire.centrifugo.relay import Relay
from tidewire.centrifugo.tables import EdgeMessage
from tidewire.declare.kinds import Retention
from tidewire.declare.registry import registry
from tidewire.erasure import hide_user, show_user
from tidewire.layer.messages import Ephemeral
from tidewire.log import heads, retention
from tidewire.protocol.pushes import ClientInfo

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.shown_on("postgresql")]


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def room(relay: Relay, owner: User) -> Room:
    """A room that a client at a node reads, with three messages. Nothing is copied yet."""
    room = make_room(owner)
    for number in range(3):
        make_message(room, owner, f"text {number} ✓")
    subscribe(owner, stream_of(room))
    return room


def stream_of(room: Room) -> str:
    return f"room:{room.pk}"


def test_rows_are_those_of_the_log(relay: Relay, room: Room, owner: User) -> None:
    assert copy(relay) == 4
    assert rows(stream_of(room)) == logged(stream_of(room))
    assert position(stream_of(room)) == (heads.position(stream_of(room)).epoch, 4)
    make_message(room, owner)
    assert copy(relay) == 1
    assert rows(stream_of(room)) == logged(stream_of(room))


def test_what_is_copied_is_not_copied_again(relay: Relay, room: Room, nodes: Nodes) -> None:
    copy(relay)
    assert copy(relay) == copy(Relay(nodes)) == 0
    assert len(rows(stream_of(room))) == 4


def test_a_stream_that_no_client_at_a_node_reads_is_not_copied(relay: Relay, room: Room, owner: User) -> None:
    other = make_room(owner)
    copy(relay)
    assert rows(stream_of(other)) == []


def test_nodes_are_woken_when_rows_commit(relay: Relay, room: Room) -> None:
    connections["default"].ensure_connection()
    with connections["default"].cursor() as cursor:
        cursor.execute("LISTEN cf_binary_stream_notify")
    copy(relay)
    assert [each.channel for each in connections["default"].connection.notifies(timeout=5, stop_after=1)] == [
        "cf_binary_stream_notify"
    ]
    ask("UNLISTEN *")


def test_a_long_stream_begins_with_what_one_frame_holds(relay: Relay, room: Room, owner: User) -> None:
    other = make_room(owner)
    Message.objects.bulk_create(Message(room=other, author=owner, text=str(n)) for n in range(WINDOW + 50))
    head = heads.position(stream_of(other)).offset
    subscribe(owner, stream_of(other), since=head - WINDOW)
    copy(relay)
    assert rows(stream_of(other)) == logged(stream_of(other))[-WINDOW:]


def test_a_turn_that_fails_leaves_nothing(relay: Relay, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(messages, "copy", fail)
        with pytest.raises(ConnectionError):
            relay.turn()
    assert rows(stream_of(room)) == []
    copy(relay)
    assert rows(stream_of(room)) == logged(stream_of(room))


def test_relays_take_turns(relay: Relay, room: Room, owner: User, nodes: Nodes) -> None:
    """Beside a writer each event is copied once, and in the order of the log."""
    is_over = threading.Event()

    def work(relay: Relay) -> None:
        try:
            while not is_over.is_set() or relay.turn():
                relay.turn()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work, Relay(nodes)) for _ in range(3)]
        try:
            for number in range(30):
                make_message(room, owner, str(number))
        finally:
            is_over.set()
        for each in working:
            each.result(30)
    assert rows(stream_of(room)) == logged(stream_of(room))


def test_new_epochs_go_on_in_the_new_one(relay: Relay, room: Room, owner: User) -> None:
    copy(relay)
    before = rows(stream_of(room))
    retention.renew_epochs()
    make_message(room, owner, "in the new epoch")
    copy(relay)
    epoch = heads.position(stream_of(room)).epoch
    assert epoch != before[0].epoch
    assert position(stream_of(room)) == (epoch, 5)
    assert rows(stream_of(room))[:4] == before
    assert [(row.epoch, row.offset) for row in rows(stream_of(room))[4:]] == [(epoch, n) for n in range(1, 6)]


# -- holes -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def short_log() -> object:
    """The log keeps the last two events of a room."""
    kind = registry.kinds["room"]
    object.__setattr__(kind, "retention", Retention(2, 0.0))
    yield None
    object.__setattr__(kind, "retention", None)


def test_events_that_were_pruned_before_they_were_copied_are_no_hole(
    relay: Relay, room: Room, owner: User, short_log: object
) -> None:
    """A relay was away for days. A node looks at the first and the last row of a recovery only."""
    copy(relay)
    for number in range(4):
        make_message(room, owner, f"later {number}")
    assert retention.prune(now=timezone.now() + timedelta(days=30)) == 6
    copy(relay)
    assert position(stream_of(room))[1] == 8
    assert recovered(stream_of(room), 6) == [7, 8]
    assert [recovered(stream_of(room), since) for since in range(6)] == [None] * 6


def test_events_of_an_account_that_is_being_erased_are_no_hole(relay: Relay, room: Room, owner: User) -> None:
    """Pages of the log begin after the last of them. What is before it is lost for clients that come back."""
    copy(relay)
    leaving = make_user("Lea")
    make_message(room, owner, "five")
    make_message(room, leaving, "six, secret")
    make_message(room, owner, "seven")
    with transaction.atomic():
        hide_user(str(leaving.pk), "default")
    copy(relay)
    assert recovered(stream_of(room), 6) == [7]
    assert [recovered(stream_of(room), since) for since in range(6)] == [None] * 6
    with transaction.atomic():
        show_user(str(leaving.pk), "default")
    make_message(room, owner, "eight")
    copy(relay)
    assert recovered(stream_of(room), 6) == [7, 8]
    assert recovered(stream_of(room), 4) is None


def test_an_account_that_begins_to_be_erased_is_recovered_by_no_node(relay: Relay, room: Room, owner: User) -> None:
    """The relay has copied its texts, and copies nothing new."""
    leaving, other = make_user("Lea"), make_room(owner)
    subscribe(owner, stream_of(other))
    make_message(room, leaving, "five, secret")
    make_message(room, owner, "six")
    copy(relay)
    with transaction.atomic():
        hide_user(str(leaving.pk), "default")
    assert copy(relay) == 0
    assert "secret" not in str(rows(stream_of(room)))
    assert recovered(stream_of(room), 5) == [6]
    assert recovered(stream_of(room), 6) == []
    assert recovered(stream_of(room), 4) is None
    assert rows(stream_of(other)) == logged(stream_of(other))
    make_message(room, owner, "seven")
    copy(relay)
    assert recovered(stream_of(room), 5) == [6, 7]


def test_a_position_ahead_of_the_log_begins_anew(relay: Relay, room: Room) -> None:
    """As after a restored backup without new epochs: the nodes have rows that the log has not."""
    copy(relay)
    ask("UPDATE cf_binary_stream_meta SET top_offset = 9 WHERE channel = %s RETURNING 1", stream_of(room))
    copy(relay)
    assert position(stream_of(room))[1] == 4
    assert rows(stream_of(room)) == logged(stream_of(room))


# -- erasure -----------------------------------------------------------------------------------------------------------


def test_a_deleted_text_is_gone_with_its_deletion(relay: Relay, room: Room) -> None:
    copy(relay)
    message = Message.objects.get(room=room, text__startswith="text 1")
    message.soft_delete()
    copy(relay)
    assert "text 1" not in str(rows(stream_of(room)))
    assert rows(stream_of(room)) == logged(stream_of(room))
    assert [row.tags for row in rows(stream_of(room))][2] == {"type": "message.deleted"}


def test_an_erased_account_is_gone_from_all_rows(relay: Relay, room: Room, owner: User) -> None:
    copy(relay)
    assert str(owner.pk) in str(rows(stream_of(room)))
    broker_tables.append_ephemeral([typing(room, owner)], "default")
    messages.add([Ephemeral(stream_of(room), "{}", ClientInfo(str(owner.pk), "c1"))], "default")
    ask("UPDATE tidewire_event SET payload = '{}', actor = '' RETURNING 1")  # as the log is when it has forgotten
    while forget_account(str(owner.pk), "default", 100):
        pass
    assert str(owner.pk) not in str(rows(stream_of(room)))
    assert {row.data for row in rows(stream_of(room))} == {"{}"}
    assert EdgeMessage.objects.count() == 0


# -- ephemeral messages ------------------------------------------------------------------------------------------------


def typing(room: Room, user: User) -> EdgeMessage:
    return EdgeMessage(stream=stream_of(room), client="c1", user=str(user.pk), data='{"type":"typing"}')


def leave(room: Room, user: User) -> None:
    """Leaves a message for the relay, as any process does."""
    messages.add([Ephemeral(stream_of(room), '{"type":"typing"}', ClientInfo(str(user.pk), "c1"))], "default")


def test_an_ephemeral_message_has_no_position_and_is_sent_once(relay: Relay, room: Room, owner: User) -> None:
    copy(relay)
    leave(room, owner)
    assert copy(relay) == 1
    assert rows(stream_of(room))[4:] == [Row("", 0, 0, '{"type":"typing"}', None, "c1", str(owner.pk))]
    assert position(stream_of(room))[1] == 4
    assert recovered(stream_of(room), 3) == [4]


def test_an_ephemeral_message_comes_after_the_events_before_it(relay: Relay, room: Room, owner: User) -> None:
    leave(room, owner)
    copy(relay)
    assert [row.offset for row in rows(stream_of(room))] == [1, 2, 3, 4, 0]


def test_a_late_ephemeral_message_is_dropped(relay: Relay, room: Room, owner: User) -> None:
    copy(relay)
    leave(room, owner)
    EdgeMessage.objects.update(at=timezone.now() - timedelta(seconds=6))
    assert copy(relay) == 0
    assert len(rows(stream_of(room))) == 4
    assert EdgeMessage.objects.filter(is_copied=False).count() == 0


def test_old_ephemeral_messages_are_forgotten_and_events_stay(relay: Relay, room: Room, owner: User) -> None:
    leave(room, owner)
    copy(relay)
    ask("UPDATE cf_binary_stream SET created_at = created_at - interval '2 minutes' RETURNING 1")
    EdgeMessage.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert messages.forget_old("default") == 1
    assert [row.offset for row in rows(stream_of(room))] == [1, 2, 3, 4]


def test_a_message_to_a_stream_without_clients_at_nodes_is_not_kept(relay: Relay, owner: User) -> None:
    leave(make_room(owner), owner)
    assert EdgeMessage.objects.count() == 0


# -- tables of another release -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE cf_binary_stream_schema_version SET schema_version = 2 RETURNING 1", "have the version 2, and 1 is"),
        ("DELETE FROM cf_binary_stream_schema_version RETURNING 1", "have the version no, and 1 is known"),
        ("INSERT INTO cf_binary_stream_shard_lock VALUES (1) RETURNING 1", "num_shards` of Centrifugo must be 1"),
        ("DELETE FROM cf_binary_stream_shard_lock RETURNING 1", "num_shards` of Centrifugo must be 1"),
    ],
)
def test_unknown_tables_are_refused_and_nothing_is_copied(relay: Relay, room: Room, change: str, said: str) -> None:
    broker.check("default")
    ask(change)
    with pytest.raises(UnknownBrokerError, match=said):
        relay.run()
    with pytest.raises(UnknownBrokerError, match=said):
        relay.turn()
    assert rows(stream_of(room)) == []


def test_without_tables_the_relay_says_what_to_do(relay: Relay, settings: Any) -> None:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "CENTRIFUGO_TABLES": "none"}
    with pytest.raises(UnknownBrokerError, match="has to start once and make its tables"):
        relay.run()
    assert not broker.exist("default")


def test_streams_that_no_client_reads_are_forgotten(relay: Relay, room: Room, owner: User) -> None:
    unread = make_room(owner)
    broker_tables.begin(heads.position(stream_of(unread)), "default")
    copy(relay)
    broker_tables.forget_unread("default")
    assert position(stream_of(unread))[1] == 1
    ask("UPDATE cf_binary_stream_meta SET updated_at = now() - interval '2 hours' RETURNING 1")
    broker_tables.forget_unread("default")
    assert [each for (each,) in ask("SELECT channel FROM cf_binary_stream_meta")] == [stream_of(room)]
    assert json.loads(rows(stream_of(room))[1].data)["type"] == "message.created"
