"""What is measured, and what of it is alarming."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from api.models.samples import Sample, Series
from tidewire.models import LiveModel, LiveQuerySet

MAX_PER_DASHBOARD = 200


class MetricQuerySet(LiveQuerySet):
    def whole(self) -> MetricQuerySet:
        """With its latest sample: a look-up in the samples' own key for each metric."""
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

    objects = MetricQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["dashboard", "created_at", "id"], name="metric_by_time")]
        constraints = [models.UniqueConstraint(fields=["dashboard", "key"], name="metric_key_once_per_dashboard")]

    def __str__(self) -> str:
        return self.key

    def delete(self, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Who pushes holds the series: what is deleted is all there is."""
        with transaction.atomic():
            self.lock_series()
            return super().delete(**kwargs)

    delete.alters_data = True

    def lock_series(self) -> None:
        list(Series.objects.select_for_update().filter(metric=self.pk).values_list("pk"))

    @property
    def has_thresholds(self) -> bool:
        return self.above is not None or self.below is not None

    def is_alarming(self, value: float) -> bool:
        return (self.above is not None and value > self.above) or (self.below is not None and value < self.below)
