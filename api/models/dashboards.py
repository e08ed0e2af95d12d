"""Dashboards, which show metrics to their members."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models, router, transaction
from django.db.models import Q

from api.models import ownership
from api.models.memberships import Membership, SharedQuerySet, SharedResource
from api.models.metrics import Metric, MetricQuerySet
from api.models.samples import Series
from tidewire.rest.conflicts import Conflict

MAX_METRICS = 200
"""Metrics of one dashboard."""


class Dashboard(SharedResource):
    class Visibility(models.TextChoices):
        PUBLIC = "public"
        PRIVATE = "private"

    is_public_condition = Q(visibility=Visibility.PUBLIC)

    name = models.CharField(max_length=100)
    visibility = models.CharField(max_length=7, choices=Visibility.choices, default=Visibility.PRIVATE)

    metrics: MetricQuerySet

    objects = SharedQuerySet["Dashboard"].as_manager()

    class Meta(SharedResource.Meta):
        indexes = [models.Index(fields=["created_at", "id"], name="dashboard_by_time")]

    def __str__(self) -> str:
        return self.name

    def add_metric(self, key: str, **fields: Any) -> Metric:
        """Creates a metric, named as its key by default. Call it with the dashboard locked.

        Raises Conflict when the key is taken, and when the dashboard has MAX_METRICS already.
        """
        if self.metrics.filter(key=key).exists():
            raise Conflict("key_taken", "The dashboard has a metric of this key.")
        if self.metrics.count() >= MAX_METRICS:
            raise Conflict("too_many_metrics", f"A dashboard takes {MAX_METRICS} metrics.")
        return Metric.objects.create(dashboard=self, key=key, **{"name": key} | fields)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """As Django's, with all its series locked: no sample is added while the samples are deleted. Many samples are
        deleted by a job."""
        with transaction.atomic():
            Series.leave(using or router.db_for_write(Series), metric__dashboard=self.pk)
            return super().delete(using, keep_parents)


class DashboardMember(Membership):
    """A user on a dashboard. Members read and record samples, admins change metrics, owners may delete it."""

    resource_field, related_to_user = "dashboard", "dashboard_memberships"

    dashboard = models.ForeignKey(Dashboard, on_delete=models.CASCADE, related_name="members", db_index=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="dashboard_memberships")

    class Meta(Membership.Meta):
        indexes = [models.Index(fields=["dashboard", "joined_at", "id"], name="dashboard_member_by_time")]
        constraints = [models.UniqueConstraint(fields=["dashboard", "user"], name="member_once_per_dashboard")]


ownership.connect(DashboardMember)
