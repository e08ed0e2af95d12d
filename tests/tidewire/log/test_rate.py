"""A stream has its rate-limited events at its rate, however many write; none is lost, and the last state is right."""

import json
from copy import copy
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from rest_framework import serializers

from tests.tidewire.liveapp.models import Board, Counter
from tidewire.capture import facts, receivers
from tidewire.declare.kinds import Rate, StreamKind
from tidewire.declare.live import Fact, Live
from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor, acting_as
from tidewire.log import erasure, rate
from tidewire.log.pages import read_after
from tidewire.log.tables import DelayedEvent, NextRelease

# A period that no test outlives: tests end it themselves, by `next_release`.
meters = StreamKind("meter", may_subscribe=lambda user_id, keys: set(keys), rate=Rate(events=2, seconds=600))


class TicksSerializer(serializers.Serializer):
    ticks = serializers.ListField(child=serializers.IntegerField())


def merge(earlier, later):
    ticks = earlier["ticks"] + later["ticks"]
    return {"ticks": ticks} if len(ticks) <= 5 else None


ticked = Fact("meter.ticked", kind=meters, serializer=TicksSerializer, merge=merge)
rang = Fact("meter.rang", kind=meters, serializer=TicksSerializer)


class CounterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Counter
        fields = ["id", "value", "version"]


counter = Live(
    Counter,
    stream=meters.of("board_id"),
    serializer=CounterSerializer,
    created="dial.created",
    updated="dial.changed",
    deleted="dial.deleted",
    key=lambda row: {"id": row.pk},
    is_rate_limited=True,
)


@pytest.fixture(autouse=True)
def _declared(transactional_db):
    names = ("kinds", "lives", "facts", "deletions")
    before = {name: copy(getattr(registry, name)) for name in names}
    registry.lives = [live for live in registry.lives if live.model is not Counter]
    for declaration in (ticked, rang, counter):
        registry.add(declaration)
    receivers.connect(Counter)
    yield
    for name, value in before.items():
        setattr(registry, name, value)


@pytest.fixture
def board() -> Board:
    return Board.objects.create(name="board")


def tick(key, *ticks, about=None):
    with transaction.atomic():
        facts.record(ticked, key, {"ticks": ticks}, about=about)


def events_of(key) -> list[tuple]:
    """Returns the events of the stream: (type, their data in short)."""
    events = [json.loads(entry.payload) for entry in read_after(meters(key), 0).entries]
    return [(e["type"], e["data"].get("ticks", e["data"].get("value", e["data"].get("id")))) for e in events]


def next_release():
    """Ends the period, and releases what is delayed."""
    NextRelease.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    rate.release_due("default")


def test_an_event_within_the_rate_is_recorded_in_its_own_transaction():
    tick("a", 1)
    assert events_of("a") == [("meter.ticked", [1])]
    assert not DelayedEvent.objects.exists()


def test_events_above_the_rate_are_delayed_and_merged_into_one():
    for number in range(1, 5):
        tick("a", number)
    assert events_of("a") == [("meter.ticked", [1])]
    next_release()
    assert events_of("a") == [("meter.ticked", [1]), ("meter.ticked", [2, 3, 4])]
    next_release()
    assert len(events_of("a")) == 2


def test_nothing_is_released_before_it_is_due():
    tick("a", 1)
    tick("a", 2)
    rate.release_due("default")
    assert events_of("a") == [("meter.ticked", [1])]


def test_a_release_has_as_many_events_as_the_rate_allows_and_the_rest_waits():
    tick("a", 0)
    for number in range(1, 14):
        tick("a", number)
    next_release()
    assert [ticks for _, ticks in events_of("a")] == [[0], [1, 2, 3, 4, 5], [6, 7, 8, 9, 10]]
    next_release()
    assert [ticks for _, ticks in events_of("a")][3:] == [[11, 12, 13]]


def test_objects_that_do_not_fit_in_a_release_wait_for_the_next(board):
    others = [Counter.objects.create(name=str(number)) for number in range(3)]
    tick("a", 0)
    for about in [*others, *others]:
        tick("a", about.pk, about=about)
    one, two, three = (other.pk for other in others)
    next_release()
    assert [ticks for _, ticks in events_of("a")][1:] == [[one, one], [two, two]]
    next_release()
    assert [ticks for _, ticks in events_of("a")][3:] == [[three, three]]


def test_a_write_within_the_rate_releases_what_was_delayed():
    tick("a", 1)
    tick("a", 2)
    NextRelease.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    tick("a", 3)
    assert events_of("a")[1:] == [("meter.ticked", [2, 3])]


def test_a_fact_that_cannot_be_merged_is_never_delayed():
    tick("a", 1)
    for number in range(3):
        with transaction.atomic():
            facts.record(rang, "a", {"ticks": [number]})
    assert events_of("a")[1:] == [("meter.rang", [0]), ("meter.rang", [1]), ("meter.rang", [2])]


def test_a_rollback_leaves_no_delayed_event():
    tick("a", 1)
    with transaction.atomic():
        facts.record(ticked, "a", {"ticks": [2]})
        transaction.set_rollback(True)
    assert not DelayedEvent.objects.exists()


def test_a_fact_whose_serializer_raises_rolls_its_write_back(board):

    def write():
        with transaction.atomic():
            Board.objects.filter(pk=board.pk).update(name="changed")
            facts.record(rang, "a", object())

    with pytest.raises(AttributeError):
        write()
    assert Board.objects.get().name == "board"
    assert events_of("a") == []


def test_of_many_states_the_last_becomes_an_event(board):
    row = Counter.objects.create(board=board, name="dial")
    for value in range(1, 6):
        row.value = value
        row.save()
    assert events_of(board.pk) == [("dial.created", 0), ("dial.changed", 1)]
    next_release()
    assert events_of(board.pk)[2:] == [("dial.changed", 5)]


def test_a_newer_state_that_is_not_delayed_is_the_last_event(board):
    row = Counter.objects.create(board=board, name="dial")
    Counter.objects.filter(pk=row.pk).update(value=1)
    Counter.objects.filter(pk=row.pk).update(value=2)  # delayed
    Counter.objects.filter(pk=row.pk).touch("dial.reset")
    next_release()
    assert events_of(board.pk)[1:] == [("dial.changed", 1), ("dial.reset", 2)]


def test_delayed_events_of_a_deleted_row_are_dropped(board):
    row = Counter.objects.create(board=board, name="dial")
    tick(board.pk, 1, about=row)
    tick(board.pk, 2, about=row)  # delayed
    Counter.objects.filter(pk=row.pk).update(value=2)  # delayed
    pk = row.pk
    row.delete()
    next_release()
    # The earlier ones became the deletion, too: erased means erased.
    assert events_of(board.pk) == [("dial.deleted", pk)] * 3


def test_the_actor_of_merged_events_is_their_only_actor_or_the_system():
    tick("a", 0)
    for user, number in (("u1", 1), ("u1", 2)):
        with acting_as(Actor("user", user)):
            tick("a", number)
    next_release()
    for user, number in (("u1", 3), ("u2", 4)):
        with acting_as(Actor("user", user)):
            tick("a", number)
    next_release()
    actors = [json.loads(entry.payload)["actor"]["id"] for entry in read_after(meters("a"), 0).entries]
    assert actors == [None, "u1", None]


def test_a_forgotten_actor_is_forgotten_in_delayed_events():
    tick("a", 0)
    with acting_as(Actor("user", "u1")):
        tick("a", 1)
    erasure.forget_actor("u1", "default")
    next_release()
    assert "u1" not in read_after(meters("a"), 0).entries[1].payload


def test_a_clock_that_was_put_back_delays_nothing():
    tick("a", 1)
    NextRelease.objects.update(due_at=timezone.now() + timedelta(days=1))
    tick("a", 2)
    assert events_of("a") == [("meter.ticked", [1]), ("meter.ticked", [2])]


def test_each_stream_has_a_rate_of_its_own():
    tick("a", 1)
    tick("b", 1)
    assert events_of("a") == events_of("b") == [("meter.ticked", [1])]
