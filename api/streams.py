"""The stream kinds of the product, and the facts that are told in them."""

from __future__ import annotations

from typing import Any

from api import permissions
from api.models import Metric
from api.models.samples import Point
from api.serializers.samples import MAX_BATCH, RecordedSamplesSerializer
from tidewire import Fact, Rate, StreamKind, record_fact

rooms = StreamKind(
    "room",
    may_subscribe=permissions.readable_room_ids,
    readers=permissions.room_readers,
    ephemeral=frozenset({"typing"}),
    has_presence=True,
)
users = StreamKind("user", may_subscribe=permissions.own_user_id)
dashboards = StreamKind(
    "dashboard",
    may_subscribe=permissions.readable_dashboard_ids,
    readers=permissions.dashboard_readers,
    has_presence=True,
    # However many push: to a viewer, what is measured is told in at most so many events.
    rate=Rate(events=10, seconds=0.5),
)


def merged_samples(earlier: dict[str, Any], later: dict[str, Any]) -> dict[str, Any] | None:
    """Samples of one metric in one event, up to the size of a batch."""
    samples = earlier["samples"] + later["samples"]
    return {**earlier, "samples": samples} if len(samples) <= MAX_BATCH else None


samples_recorded = Fact("samples.recorded", kind=dashboards, serializer=RecordedSamplesSerializer, merge=merged_samples)


def tell_samples(metric: Metric, points: list[Point]) -> None:
    """What was added to a metric is an event of its dashboard."""
    record_fact(samples_recorded, metric.dashboard_id, (metric.pk, points), about=metric)
