"""How long the log keeps events, and what a restored database does to positions."""

import asyncio
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
    monkeypatch.setattr(retention, "prune", lambda using: loop.call_soon_threadsafe(pruned.set) or 0)
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
