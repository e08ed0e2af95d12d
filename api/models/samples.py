"""Samples of metrics: append-only, keyed by series and time, three numbers per row.

The time is in microseconds since 1970, so that rows are small and buckets are a division on both databases. The primary
key's index contains the value, so a range is read from the index alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import connections, models, router, transaction

from api.models import rollups
from api.models.rollups import UNITS, RollUp
from tidewire import job, start_job

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRUNED_AT_ONCE = 10_000
"""Rows that one statement deletes."""
DELETE_SAMPLES = "delete_samples"


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def as_text(at: int) -> str:
    """Returns the time as the API writes all times."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Point(NamedTuple):
    """A sample: microseconds since 1970, and the value."""

    at: int
    value: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """The samples of one step, which begins at `at`."""

    at: int
    min: float
    max: float
    avg: float
    last: float
    count: int


class Series(models.Model):
    """The number that stands for a metric in its samples. It is created with the first sample.

    `judged_at` is the time of the last sample that was compared with the thresholds. A series without a metric is left
    of one that was deleted: a job deletes its samples.
    """

    id = models.AutoField(primary_key=True)
    metric = models.OneToOneField("api.Metric", on_delete=models.CASCADE, related_name="series", null=True)
    metric_id: UUID | None
    judged_at = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.pk} of {self.metric_id}"

    @classmethod
    def hold(cls, metric_id: Any) -> Series | None:
        """Returns the series of a metric, locked against deletion until the transaction ends. Many can hold this lock.

        Returns None when the metric has been deleted.
        """
        using = router.db_for_write(cls)
        series = cls._locked(metric_id, using)
        metrics = apps.get_model("api", "Metric").objects.using(using)
        if series is None and metrics.filter(pk=metric_id).exists():
            cls.objects.using(using).bulk_create([cls(metric_id=metric_id)], ignore_conflicts=True)
            series = cls._locked(metric_id, using)
        return series

    @classmethod
    def _locked(cls, metric_id: Any, using: str) -> Series | None:
        series = cls.objects.using(using).filter(metric=metric_id).first()
        connection = connections[using]
        if series is not None and connection.vendor == "postgresql":  # SQLite has one writer at a time
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM api_series WHERE id = %s FOR KEY SHARE", [series.pk])
                return series if cursor.fetchone() else None
        return series

    @classmethod
    def leave(cls, using: str, **metric: Any) -> None:
        """Locks the series of metrics that are about to be deleted, so that no sample is added now, and separates the
        large ones from them: their samples are out of reach at once, and are deleted in slices.

        `metric` is a condition on the series.
        """
        pks = list(
            cls.objects.using(using).select_for_update().filter(**metric).order_by("pk").values_list("pk", flat=True)
        )
        hours = RollUp.objects.using(using).filter(series__in=pks, unit=UNITS[-1]).values("series_id")
        counted = hours.annotate(samples=models.Sum("count")).filter(samples__gt=PRUNED_AT_ONCE)
        for pk in counted.values_list("series_id", flat=True).order_by("series_id"):
            cls.objects.using(using).filter(pk=pk).update(metric=None)
            start_job(DELETE_SAMPLES, pk, using)

    @property
    def database(self) -> str:
        return self._state.db or router.db_for_write(Series)

    # -- write -------------------------------------------------------------------------------------------------------

    def append(self, points: Sequence[Point]) -> list[Point]:
        """Adds samples and returns those that were new. A stored sample of the same time stays as it is.

        This is the only way to write samples: it keeps the roll-ups.
        """
        points = sorted({point.at: point for point in points}.values())  # in one order: two writers cannot deadlock
        if not points:
            return []
        connection = connections[self.database]
        with transaction.atomic(using=self.database, savepoint=False):
            with connection.cursor() as cursor:
                cursor.execute(*_INSERT[connection.vendor](self.pk, points))
                added = {at for (at,) in cursor.fetchall()}
            new = points if len(added) == len(points) else [point for point in points if point.at in added]
            if new:
                rollups.add(self.pk, new, self.database)
        return new

    def prune(self, before: int) -> int:
        """Deletes the next PRUNED_AT_ONCE samples that are older than `before`, except the latest. Returns how many."""
        samples = Sample.objects.using(self.database).filter(series=self.pk)
        latest = self.latest()
        old = samples.filter(at__lt=min(before, latest.at if latest else 0)).order_by("at").values_list("at", flat=True)
        batch = list(old[:PRUNED_AT_ONCE])
        if not batch:
            return 0
        with transaction.atomic(using=self.database, savepoint=False):
            rollups.lock_until(self.pk, batch[-1] + 1, self.database)
            deleted = samples.filter(at__lte=batch[-1])._raw_delete(self.database)
            rollups.forget_until(self.pk, batch[-1] + 1, self.database)
        return deleted

    # -- read --------------------------------------------------------------------------------------------------------

    def points(self, start: int, end: int, limit: int) -> list[Point]:
        """Returns the first `limit` samples from `start` to before `end`."""
        rows = Sample.objects.using(self.database).filter(series=self.pk, at__gte=start, at__lt=end).order_by("at")
        return [Point(*row) for row in rows.values_list("at", "value")[:limit]]

    def latest(self) -> Point | None:
        samples = Sample.objects.using(self.database).filter(series=self.pk).order_by("-at")
        row = samples.values_list("at", "value").first()
        return Point(*row) if row else None

    def buckets(self, start: int, end: int, step: int) -> list[Bucket]:
        """Returns a bucket for each step from `start` to `end` that has samples.

        Buckets begin at multiples of the step, and the range is widened to whole ones, so that two overlapping ranges
        show the same ones. Raises rollups.TooManySamplesError.
        """
        found = rollups.sums(self.pk, start - start % step, -(-end // step) * step, step, self.database)
        return [Bucket(at, one.low, one.high, one.total / one.count, one.last, one.count) for at, one in found.items()]


def _insert_arrays(series: int, points: Sequence[Point]) -> tuple[str, list]:
    statement = (
        "INSERT INTO api_sample (series_id, at, value) "
        "SELECT %s, * FROM unnest(%s::bigint[], %s::double precision[]) ON CONFLICT DO NOTHING RETURNING at"
    )
    return statement, [series, [point.at for point in points], [point.value for point in points]]


def _insert_rows(series: int, points: Sequence[Point]) -> tuple[str, list]:
    rows = ", ".join([f"({series:d}, %s, %s)"] * len(points))
    statement = f"INSERT INTO api_sample (series_id, at, value) VALUES {rows} ON CONFLICT DO NOTHING RETURNING at"
    return statement, [number for point in points for number in point]


_INSERT = {"postgresql": _insert_arrays, "sqlite": _insert_rows}


class Sample(models.Model):
    """One value of a series at one time.

    There is no foreign key constraint: a writer locks the series, and deleting a series deletes its samples first.
    """

    pk = models.CompositePrimaryKey("series_id", "at")
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="samples", db_index=False, db_constraint=False
    )
    at = models.BigIntegerField()
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.value} at {self.at}"


@job(DELETE_SAMPLES)
def delete_samples(series_id: str, progress: str, using: str) -> str | None:
    """Deletes the next PRUNED_AT_ONCE samples of a series without a metric, then its roll-ups, then the series."""
    samples = Sample.objects.using(using).filter(series=int(series_id)).order_by("at")
    if times := list(samples.values_list("at", flat=True)[:PRUNED_AT_ONCE]):
        samples.order_by().filter(at__lte=times[-1])._raw_delete(using)
        return str(times[-1])
    for unit in UNITS:
        sums = RollUp.objects.using(using).filter(series=int(series_id), unit=unit).order_by("at")
        if times := list(sums.values_list("at", flat=True)[:PRUNED_AT_ONCE]):
            sums.order_by().filter(at__lte=times[-1]).delete()
            return str(times[-1])
    Series.objects.using(using).filter(pk=int(series_id)).delete()
    return None
