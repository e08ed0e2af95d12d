"""Metrics of a dashboard, and the alarms that their thresholds raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, models, router, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from api.models.samples import Point, Sample, Series
from api.models.thresholds import Thresholds
from tidewire import PreCommitStep, note, updates_named
from tidewire.models import LiveModel, LiveQuerySet


class MetricQuerySet(LiveQuerySet["Metric"]):
    def whole(self) -> Self:
        """The metrics with their latest samples, `latest_at` and `latest_value`: a look-up by key for each of them."""
        newest = Sample.objects.filter(series=OuterRef("series_number")).order_by("-at")
        return self.annotate(series_number=F("series__pk")).annotate(
            latest_at=Subquery(newest.values("at")[:1]), latest_value=Subquery(newest.values("value")[:1])
        )


class Metric(LiveModel):
    class Kind(models.TextChoices):
        GAUGE = "gauge"
        COUNTER = "counter"

    class State(models.TextChoices):
        OK = "ok"
        ALARM = "alarm"

    dashboard = models.ForeignKey("api.Dashboard", on_delete=models.CASCADE, related_name="metrics", db_index=False)
    dashboard_id: UUID
    key = models.CharField(max_length=64, help_text="Names it within its dashboard, for those who push.")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.GAUGE)
    unit = models.CharField(max_length=16, blank=True)
    description = models.CharField(max_length=500, blank=True)
    above = models.FloatField(null=True, blank=True, help_text="Alarming is what is above.")
    below = models.FloatField(null=True, blank=True, help_text="Alarming is what is below.")
    state = models.CharField(max_length=5, choices=State.choices, default=State.OK, editable=False)
    retention_days = models.PositiveIntegerField(default=30)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    my_role: str | None
    latest_at: int | None
    latest_value: float | None

    objects = MetricQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["dashboard", "created_at", "id"], name="metric_by_time")]
        constraints = [models.UniqueConstraint(fields=["dashboard", "key"], name="metric_key_once_per_dashboard")]

    def __str__(self) -> str:
        return self.key

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.above, self.below)

    def change(self, **values: Any) -> None:
        """Saves these columns. New thresholds are compared with the latest sample."""
        for name, value in values.items():
            setattr(self, name, value)
        if values:
            self.save(update_fields=list(values))
        if {"above", "below"} & values.keys():
            self._check_latest()

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """As Django's, with the series locked: no sample is added to it while its samples are deleted. Many samples
        are deleted by a job."""
        with transaction.atomic():
            Series.leave(using or router.db_for_write(Series), metric=self.pk)
            return super().delete(using, keep_parents)

    def record(self, points: Sequence[Point]) -> list[Point]:
        """Adds samples, in the transaction around it, and returns those that were new.

        A sample at a time that has one already is left out. The new ones are compared with the thresholds just before
        COMMIT. Makes no event: see `api.streams.record_samples`. Raises Metric.DoesNotExist when the metric has been
        deleted by another transaction.
        """
        series = Series.hold(self.pk)
        if series is None:
            raise Metric.DoesNotExist
        added = series.append(points)
        if added and self.thresholds:
            note(series.database, [ThresholdCheck(series.pk, tuple(added))])
        return added

    def _check_latest(self) -> None:
        using = self._state.db or DEFAULT_DB_ALIAS
        series = Series.objects.using(using).select_for_update(of=("self",), no_key=True).filter(metric=self).first()
        latest = series.latest() if series else None
        is_alarming = latest is not None and self.thresholds.are_crossed_by(latest.value)
        if is_alarming != (self.state == self.State.ALARM):
            self._change_state(is_alarming, using)

    def _change_state(self, is_alarming: bool, using: str) -> None:
        state, event = (self.State.ALARM, "metric.alarm") if is_alarming else (self.State.OK, "metric.ok")
        with updates_named(Metric, event):
            Metric.objects.using(using).filter(pk=self.pk).update(state=state)


@dataclass(frozen=True, slots=True)
class ThresholdCheck(PreCommitStep):
    """Compares new samples of one series with its metric's thresholds, under the lock of the series.

    The lock is taken just before COMMIT and held for a moment. Of many transactions that record at once, only one finds
    that the metric became alarming, so `metric.alarm` and `metric.ok` are recorded once for each change.
    """

    series_id: int
    points: tuple[Point, ...]

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        points: dict[int, list[Point]] = {}
        for step in steps:
            points.setdefault(step.series_id, []).extend(step.points)
        locked = Series.objects.using(using).select_for_update(of=("self",), no_key=True).select_related("metric")
        for series in locked.filter(pk__in=points).order_by("pk"):
            cls._check(series, points[series.pk], using)

    @staticmethod
    def _check(series: Series, points: list[Point], using: str) -> None:
        """Samples that are older than the last one checked are left out: they say nothing about the present state."""
        later = sorted(point for point in points if point.at > series.judged_at)
        if not later:
            return
        series.judged_at = later[-1].at
        series.save(using=using, update_fields=["judged_at"])
        metric = series.metric
        if metric is None:  # deleted by another transaction
            return
        values = [point.value for point in later]
        for is_alarming in metric.thresholds.changes(metric.state == Metric.State.ALARM, values):
            metric._change_state(is_alarming, using)
