"""How long the log keeps events, and what a restored database does to positions."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.core.management import call_command
from django.db import connections, transaction
from django.utils import timezone

from tests.factories import make_message, make_room, make_user
from tidewire.declare.kinds import Retention
from tidewire.declare.registry import registry
from tidewire.engine import engines
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import heads, retention
from tidewire.log.revocations import revoke_sessions
from tidewire.log.tables import Event, Stream

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def room():
    owner = make_user()
    room = make_room(owner)
    for _ in range(9):
        make_message(room, owner)
    return room


@pytest.fixture
def keep(monkeypatch):
    def keep(events, seconds=0.0):
        object.__setattr__(registry.kinds["room"], "retention", Retention(events, seconds))

    yield keep
    object.__setattr__(registry.kinds["room"], "retention", None)


def offsets(room):
    return list(Event.objects.filter(stream__name=f"room:{room.id}").values_list("offset", flat=True))


def test_by_default_nothing_young_is_pruned(room):
    assert retention.prune() == 0
    assert offsets(room) == list(range(1, 11))


def test_the_last_events_are_kept_however_old(room, keep):
    keep(events=4)
    assert retention.prune(now=timezone.now() + timedelta(days=30)) == 6
    assert offsets(room) == [7, 8, 9, 10]


def test_young_events_are_kept_however_many(room, keep):
    keep(events=2, seconds=3600)
    Event.objects.filter(stream__name=f"room:{room.id}", offset__lte=3).update(at=timezone.now() - timedelta(hours=2))
    assert retention.prune() == 3
    assert offsets(room) == list(range(4, 11))


def test_a_turn_ends_however_much_is_written_meanwhile(room, keep, monkeypatch):
    """It deletes what was old when it looked at the stream: what writers add in between is for the next turn."""
    keep(events=0)
    monkeypatch.setattr(retention, "BATCH", 2)
    owner, later, deleted = make_user(), timezone.now() + timedelta(days=30), 0
    for rows in retention.prune_in_batches(now=later):
        deleted += rows
        for _ in range(3):
            make_message(room, owner)
    assert deleted == 10 + 3  # the first look at the streams is a step, too
    assert retention.prune(now=later) == 3 * 7


def test_the_settings_shorten_what_is_kept(room, settings):
    """Of many small streams the first 10,000 events would stay for ever."""
    month = timezone.now() + timedelta(days=30)
    assert retention.prune(now=month) == 0
    settings.TIDEWIRE = settings.TIDEWIRE | {"RETENTION_EVENTS": 3}
    assert retention.prune() == 0  # younger than RETENTION_SECONDS
    settings.TIDEWIRE = settings.TIDEWIRE | {"RETENTION_SECONDS": 600}
    assert retention.prune(now=timezone.now() + timedelta(seconds=500)) == 0
    assert retention.prune(now=month) == 7
    assert offsets(room) == [8, 9, 10]


def test_a_kind_with_a_retention_of_its_own_keeps_it(room, keep, settings):
    settings.TIDEWIRE = settings.TIDEWIRE | {"RETENTION_EVENTS": 0, "RETENTION_SECONDS": 300}
    keep(events=6)
    retention.prune(now=timezone.now() + timedelta(days=30))
    assert offsets(room) == [5, 6, 7, 8, 9, 10]


def test_no_setting_shortens_the_revocation_log(settings):
    """A process that starts reads the revocations of the last hour."""
    user = make_user()
    with transaction.atomic():
        revoke_sessions(str(user.pk), ["a", "b"])
    settings.TIDEWIRE = settings.TIDEWIRE | {"RETENTION_EVENTS": 0, "RETENTION_SECONDS": 300}
    retention.prune(now=timezone.now() + timedelta(days=30))
    assert Event.objects.filter(stream__name=REVOCATIONS).exists()


def test_pruning_leaves_no_hole_where_a_clock_was_wrong(room, keep):
    keep(events=2, seconds=3600)
    Event.objects.filter(stream__name=f"room:{room.id}", offset__in=[1, 5]).update(
        at=timezone.now() - timedelta(days=1)
    )
    assert retention.prune() == 1
    assert offsets(room) == list(range(2, 11))


def test_the_counter_is_not_derived_from_the_rows(room, keep):
    keep(events=0)
    retention.prune(now=timezone.now() + timedelta(days=30))
    assert offsets(room) == []
    assert heads.position(f"room:{room.id}").offset == 10
    make_message(room, None)
    assert offsets(room) == [11]


def test_the_command_says_how_many_it_pruned(room, keep, capsys):
    keep(events=10)
    call_command("prune_events")
    assert capsys.readouterr().out == "0 events and 0 answers pruned\n"


def test_new_epochs_change_every_stream_and_no_offset(room, capsys):
    name = f"room:{room.id}"
    before = heads.position(name)
    call_command("new_epochs")
    after = heads.position(name)
    assert (after.offset, after.epoch == before.epoch) == (10, False)
    assert heads.touched(5.0)[name] == after


def test_new_epochs_raise_the_generation_of_every_stream(room):
    heads.position("room:unwritten")
    assert set(Stream.objects.values_list("generation", flat=True)) == {1}
    call_command("new_epochs")
    call_command("new_epochs")
    assert set(Stream.objects.values_list("generation", flat=True)) == {3}
    heads.position("room:later")
    make_message(room, None)
    assert dict(Stream.objects.filter(name__startswith="room:").values_list("name", "generation")) == {
        f"room:{room.id}": 3,
        "room:unwritten": 3,
        "room:later": 1,
    }


async def test_a_server_prunes_by_itself(settings, monkeypatch):
    settings.TIDEWIRE = settings.TIDEWIRE | {"PRUNE_SECONDS": 0.01}
    pruned = asyncio.Event()
    monkeypatch.setattr(retention, "prune_in_batches", lambda using: loop.call_soon_threadsafe(pruned.set) or iter(()))
    loop = asyncio.get_running_loop()
    engines.current()
    await asyncio.wait_for(pruned.wait(), 10)
    await engines.stop()
    await sync_to_async(connections.close_all)()


def test_many_small_streams_cost_no_query_each(keep, django_assert_max_num_queries):
    """With a retention of few events each stream is a candidate, and nearly none has anything to delete."""
    owner = make_user()
    rooms = [make_room(owner) for _ in range(12)]
    for room in rooms:
        make_message(room, owner)
    keep(events=1, seconds=3600)
    with django_assert_max_num_queries(6):
        assert retention.prune() == 0
    Event.objects.filter(stream__name=f"room:{rooms[3].id}").update(at=timezone.now() - timedelta(hours=2))
    assert retention.prune() == 1
    assert offsets(rooms[3]) == [2]


def test_a_retention_of_no_events_keeps_the_young_ones_only(room, keep):
    keep(events=0, seconds=3600)
    assert retention.prune() == 0
    assert retention.prune(now=timezone.now() + timedelta(hours=2)) == 10
    assert offsets(room) == []


def test_each_transaction_deletes_the_next_few_from_the_start(room, keep, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 3)
    keep(events=2)
    seen = []
    for deleted in retention.prune_in_batches(now=timezone.now() + timedelta(days=30)):
        seen.append((deleted, offsets(room)[0]))
        assert retention.holes() == []
    assert [each for each in seen if each[0]] == [(3, 4), (3, 7), (2, 9)]


def test_a_stream_whose_old_events_are_being_erased_is_left_to_the_next_time(room, keep):
    """Where a writer and the pruning wait for each other, the writer goes on."""
    if connections["default"].vendor != "postgresql":
        return  # SQLite has one writer at a time
    keep(events=2)
    month = timezone.now() + timedelta(days=30)
    other = make_room(room.members.get().user)
    for _ in range(4):
        make_message(other, None)
    has_locked, may_commit = threading.Event(), threading.Event()

    def erase() -> None:
        with transaction.atomic():
            Event.objects.filter(stream__name=f"room:{room.id}", offset=4).update(actor="")
            has_locked.set()
            may_commit.wait(20)
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        erased = pool.submit(erase)
        assert has_locked.wait(10)
        assert retention.prune(now=month) == 3  # those of the other room
        may_commit.set()
        erased.result()
    assert offsets(room) == list(range(1, 11))
    assert retention.prune(now=month) == 8


def test_the_audit_names_streams_with_a_hole_and_those_that_lost_their_end(room):
    name = f"room:{room.id}"
    events = Event.objects.filter(stream__name=name)
    events.filter(offset__lte=3)._raw_delete("default")  # as pruning does
    assert retention.holes() == []
    events.filter(offset=6)._raw_delete("default")
    assert retention.holes() == retention.holes(streams=1) == retention.holes(events=6) == [name]
    assert retention.holes(events=4) == []
    events.filter(offset__lte=6)._raw_delete("default")
    assert retention.holes() == []
    events.filter(offset=10)._raw_delete("default")
    assert retention.holes() == [name]
