"""What was measured: append-only, keyed by (metric, time), three numbers a row.

The time is microseconds since 1970, so that rows are small and buckets are a division on both databases. A row's key
covers its value: a range is read from the key alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connections, models, router

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRUNED_AT_ONCE = 10_000


def microseconds(at: datetime) -> int:
    return (at - EPOCH) // MICROSECOND


def moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at)


def as_text(at: int) -> str:
    """As all times of the API are written."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


class Point(NamedTuple):
    at: int
    value: float


class Bucket(NamedTuple):
    """What was measured from `at` on, for a step."""

    at: int
    min: float
    max: float
    avg: float
    last: float
    count: int


class Series(models.Model):
    """A metric's number in the samples, and how far its thresholds were looked at. Made with the first sample."""

    id = models.AutoField(primary_key=True)
    metric = models.OneToOneField("api.Metric", on_delete=models.CASCADE, related_name="series")
    judged_at = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.pk} of {self.metric_id}"

    @classmethod
    def hold(cls, metric_id: Any) -> Series | None:
        """The series of a metric, kept from being deleted before this transaction ends. Others may hold it, too.

        None where there is no such metric any more.
        """
        using = router.db_for_write(cls)
        series = cls._held(metric_id, using)
        metrics = cls._meta.get_field("metric").related_model.objects
        if series is None and metrics.using(using).filter(pk=metric_id).exists():
            cls.objects.using(using).bulk_create([cls(metric_id=metric_id)], ignore_conflicts=True)
            series = cls._held(metric_id, using)
        return series

    @classmethod
    def _held(cls, metric_id: Any, using: str) -> Series | None:
        series = cls.objects.using(using).filter(metric=metric_id).first()
        connection = connections[using]
        if series is not None and connection.vendor == "postgresql":  # SQLite has one writer at a time
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM api_series WHERE id = %s FOR KEY SHARE", [series.pk])
                return series if cursor.fetchone() else None
        return series

    @property
    def _using(self) -> str:
        return self._state.db or router.db_for_write(Series)

    # -- write -------------------------------------------------------------------------------------------------------

    def append(self, points: Sequence[Point]) -> list[Point]:
        """Adds what is new of these, and answers that. What is there already at the same time stays as it is."""
        points = sorted({point.at: point for point in points}.values())  # in one order, so that no two writers cross
        connection = connections[self._using]
        with connection.cursor() as cursor:
            cursor.execute(*_INSERT[connection.vendor](self.pk, points))
            added = {at for (at,) in cursor.fetchall()}
        return points if len(added) == len(points) else [point for point in points if point.at in added]

    def prune(self, before: int, limit: int | None = None) -> int:
        """Deletes what is older, in small statements, but for the latest. Returns how many rows there were."""
        samples = Sample.objects.using(self._using).filter(series=self.pk)
        latest = self.latest()
        old = samples.filter(at__lt=min(before, latest.at if latest else 0)).order_by("at").values_list("at", flat=True)
        deleted = 0
        while batch := list(old[:PRUNED_AT_ONCE]):
            deleted += samples.filter(at__gte=batch[0], at__lte=batch[-1])._raw_delete(self._using)
            if limit is not None and deleted >= limit:
                break
        return deleted

    # -- read --------------------------------------------------------------------------------------------------------

    def points(self, start: int, end: int, limit: int) -> list[Point]:
        rows = Sample.objects.using(self._using).filter(series=self.pk, at__gte=start, at__lt=end).order_by("at")
        return [Point(*row) for row in rows.values_list("at", "value")[:limit]]

    def latest(self) -> Point | None:
        row = (
            Sample.objects.using(self._using).filter(series=self.pk).order_by("-at").values_list("at", "value").first()
        )
        return Point(*row) if row else None

    def buckets(self, start: int, end: int, step: int) -> list[Bucket]:
        """What was measured in each step from `start` to `end`, where there was something. Buckets begin at multiples
        of the step, whatever the range, so that two ranges show the same."""
        connection = connections[self._using]
        with connection.cursor() as cursor:
            cursor.execute(BUCKETS[connection.vendor], {"step": step, "series": self.pk, "start": start, "end": end})
            rows = cursor.fetchall()
        if connection.vendor == "postgresql":
            return [Bucket(*row) for row in rows]
        return [_of_text(*row) for row in rows if row[-1] is not None]


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

# One pass over the key, then one look-up for each bucket's last value.
_ONE_PASS = """
SELECT b.start, b.low, b.high, b.mean,
    (SELECT s.value FROM api_sample s WHERE s.series_id = %(series)s AND s.at = b.last_at), b.total
FROM (
    SELECT at - at %% %(step)s AS start, MIN(value) AS low, MAX(value) AS high, AVG(value) AS mean, COUNT(*) AS total,
        MAX(at) AS last_at
    FROM api_sample WHERE series_id = %(series)s AND at >= %(start)s AND at < %(end)s GROUP BY 1
) b ORDER BY b.start
"""
# SQLite sorts what it groups, which takes five times as long as to read it. So it reads each bucket by itself, and one
# text holds what it made of it (17 digits are a double, whole).
_EACH_BUCKET = """
WITH RECURSIVE b(start) AS (
    SELECT %(start)s - %(start)s %% %(step)s UNION ALL SELECT start + %(step)s FROM b WHERE start + %(step)s < %(end)s
)
SELECT b.start,
    (SELECT printf('%%!.17g %%!.17g %%!.17g %%d', MIN(value), MAX(value), AVG(value), COUNT(*)) FROM api_sample s
     WHERE s.series_id = %(series)s AND s.at >= MAX(b.start, %(start)s) AND s.at < MIN(b.start + %(step)s, %(end)s)),
    (SELECT s.value FROM api_sample s WHERE s.series_id = %(series)s AND s.at >= MAX(b.start, %(start)s)
     AND s.at < MIN(b.start + %(step)s, %(end)s) ORDER BY s.at DESC LIMIT 1)
FROM b
"""
BUCKETS = {"postgresql": _ONE_PASS, "sqlite": _EACH_BUCKET}


def _of_text(start: int, text: str, last: float) -> Bucket:
    low, high, mean, total = text.split()
    return Bucket(start, float(low), float(high), float(mean), last, int(total))


class Sample(models.Model):
    """No constraint ties it to its series: who adds holds the series, who deletes that deletes these."""

    pk = models.CompositePrimaryKey("series_id", "at")
    series = models.ForeignKey(
        Series, on_delete=models.CASCADE, related_name="samples", db_index=False, db_constraint=False
    )
    at = models.BigIntegerField()
    value = models.FloatField()

    def __str__(self) -> str:
        return f"{self.value} at {self.at}"
