"""Roll-ups: a long range in steps says what its samples say, and reads few rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from time import perf_counter

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.models import RollUp, Sample, Series, rollups, samples
from api.models.samples import Bucket, Point
from tests.api.conftest import at, pointers
from tests.factories import make_dashboard, make_metric
from tests.rig.verify import IS_VERIFY, figure
from tests.tidewire.threads import Writer
from tidewire.jobs import slices

pytestmark = pytest.mark.django_db(transaction=True)

SECOND, MINUTE, HOUR = 1_000_000, 60_000_000, 3_600_000_000
BEGIN = 1_700_000_000 * SECOND


@pytest.fixture
def series(db) -> Series:
    return Series.objects.create(metric=make_metric(make_dashboard()))


def plain(points: list[Point], start: int, end: int, step: int) -> Iterator[Bucket]:
    """The plain implementation: every sample is looked at."""
    for begin in range(start - start % step, end, step):
        inside = [point for point in points if begin <= point.at < begin + step]
        if inside:
            values = [point.value for point in inside]
            average = sum(values) / len(values)
            yield Bucket(begin, min(values), max(values), average, max(inside).value, len(values))


def assert_same(series: Series, points: list[Point], start: int, end: int, step: int) -> None:
    found, expected = series.buckets(start, end, step), list(plain(points, start, end, step))
    assert [(b.at, b.min, b.max, b.last, b.count) for b in found] == [
        (b.at, b.min, b.max, b.last, b.count) for b in expected
    ]
    largest = max((abs(point.value) for point in points), default=0)
    assert [b.avg for b in found] == pytest.approx([b.avg for b in expected], rel=1e-12, abs=largest * 1e-12)


times = st.one_of(
    st.integers(0, 5 * HOUR),
    st.integers(0, 300).map(lambda n: n * MINUTE),  # at the very beginning of a minute
    st.integers(1, 300).map(lambda n: n * MINUTE - 1),  # and at its very end
)
values = st.floats(-1e12, 1e12)
steps = st.one_of(
    st.integers(1, 400).map(lambda n: n * SECOND),
    st.integers(1, 200).map(lambda n: n * MINUTE),
    st.integers(1, 3).map(lambda n: n * HOUR),
    st.integers(MINUTE, 2 * HOUR),
)
batches = st.lists(st.lists(st.tuples(times, values), max_size=12), max_size=5)


@settings(
    max_examples=150 if IS_VERIFY else 40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pushed=batches, step=steps, start=times, length=st.integers(1, 4 * HOUR), kept_from=st.none() | times)
def test_every_range_in_every_step_says_what_the_samples_say(series, pushed, step, start, length, kept_from):
    Sample.objects.filter(series=series).delete()
    RollUp.objects.all().delete()
    known: dict[int, float] = {}
    for batch in pushed:
        points = [Point(BEGIN + time, value) for time, value in batch]
        with transaction.atomic():
            series.append(points)
        for point in {point.at: point for point in points}.values():
            known.setdefault(point.at, point.value)
    if kept_from is not None and known:
        series.prune(BEGIN + kept_from)
        first = min(BEGIN + kept_from, max(known))
        known = {time: value for time, value in known.items() if time >= first}
    points = sorted(Point(*item) for item in known.items())
    assert series.points(0, 2**53, 1000) == points
    begin = BEGIN + start
    assert_same(series, points, begin, min(begin + length, begin + 300 * step), step)

    eager = list(RollUp.objects.order_by("unit", "at").values_list("unit", "at", "low", "high", "count", "last"))
    call_command("roll_up_samples", verbosity=0)
    anew = list(RollUp.objects.order_by("unit", "at").values_list("unit", "at", "low", "high", "count", "last"))
    assert eager == anew


def test_a_long_range_reads_few_rows(series):
    """A million samples: the request for a year in 365 steps is quick, and recorded."""
    size = 1_000_000 if IS_VERIFY else 50_000
    source = random.Random(1)
    rows = [Point(BEGIN + n * 30 * SECOND, source.random()) for n in range(size)]
    for start in range(0, size, 2_000):
        series.append(rows[start : start + 2_000])
    end, day = rows[-1].at + 1, 24 * HOUR
    began = perf_counter()
    found = series.buckets(BEGIN, end, day)
    seconds = perf_counter() - began
    assert sum(bucket.count for bucket in found) == size
    assert RollUp.objects.filter(unit=HOUR).count() < size / 100
    figure(f"{size:,} samples in {len(found)} steps of a day ({connection.vendor}): {seconds * 1000:.0f} ms")


def test_too_many_samples_for_a_small_step_are_refused_with_a_way_out(dashboard, alice, monkeypatch):
    metric = make_metric(dashboard)
    path = at("metrics", metric.pk, "samples")
    monkeypatch.setattr(rollups, "MAX_READ", 100)
    series = Series.objects.create(metric=metric)
    series.append([Point(BEGIN + n * SECOND, n) for n in range(300)])
    query = {"from": "2023-11-14T22:13:20Z", "to": "2023-11-14T22:18:20Z"}
    refused = alice.get(path, query | {"step": 1})
    assert pointers(refused) == [("/step", "too_many_samples")]
    assert pointers(alice.get(path, query | {"step": 90.5})) == [("/step", "too_many_samples")]
    assert sum(row["count"] for row in alice.get(path, query | {"step": 60}).json()["results"]) == 300
    assert len(alice.get(path, query | {"step": 1, "to": "2023-11-14T22:13:50Z"}).json()["results"]) == 30


def test_writers_of_one_metric_at_once_count_every_sample(series):
    def push(number: int) -> None:
        for n in range(20):
            with transaction.atomic():
                series.append([Point(BEGIN + (n * 4 + number) * SECOND, number), Point(BEGIN + n + 1, -number)])

    writers = [Writer(lambda number=number: push(number)) for number in range(4)]
    for writer in writers:
        writer.finish()
    stored = Sample.objects.filter(series=series).count()
    assert sum(RollUp.objects.filter(unit=MINUTE).values_list("count", flat=True)) == stored == 4 * 20 + 20


def test_the_roll_ups_go_with_their_metric(series):
    series.append([Point(BEGIN, 1.0)])
    assert RollUp.objects.count() == 2
    series.metric.delete()
    assert (RollUp.objects.count(), Sample.objects.count()) == (0, 0)


@pytest.mark.parametrize("is_dashboard", [False, True])
def test_many_samples_are_out_of_reach_at_once_and_deleted_in_slices(series, is_dashboard, monkeypatch):
    monkeypatch.setattr(samples, "PRUNED_AT_ONCE", 20)
    other = Series.objects.create(metric=make_metric(series.metric.dashboard))
    other.append([Point(BEGIN + n * SECOND, n) for n in range(10)])
    series.append([Point(BEGIN + n * MINUTE, n) for n in range(70)])
    metric = series.metric
    (metric.dashboard if is_dashboard else metric).delete()
    assert Series.objects.get(pk=series.pk).metric is None
    assert Sample.objects.filter(series=series.pk).count() == 70
    call_command("prune_samples", verbosity=0)
    counts = [70]
    while slices.pending()["delete_samples"]:
        slices.run_slice()
        counts.append(Sample.objects.filter(series=series.pk).count())
    assert counts[:5] == [70, 50, 30, 10, 0]
    assert not RollUp.objects.filter(series=series.pk).exists()
    assert not Series.objects.filter(pk=series.pk).exists()
    assert Sample.objects.count() == (0 if is_dashboard else 1), "the latest one of the other metric"
