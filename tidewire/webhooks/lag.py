"""How far webhooks are behind the log, as gauges of a worker."""

from __future__ import annotations

from django.db.models import F, Min, OuterRef, Subquery

from tidewire.ground import metrics
from tidewire.log.tables import Event
from tidewire.webhooks import leases
from tidewire.webhooks.tables import WebhookEndpoint, WebhookPosition

LOOKED_AT = 1_000
"""Positions that are behind, of which the oldest event is looked up."""


def measure(using: str) -> None:
    """Sets the gauges: the number of active positions that are behind, and the age of the oldest event that waits."""
    behind = WebhookPosition.objects.using(using).filter(
        endpoint__state=WebhookEndpoint.State.ACTIVE, ended_at=None, stream__head__gt=F("offset")
    )
    following = Event.objects.using(using).filter(stream=OuterRef("stream"), offset=OuterRef("offset") + 1)
    some = behind.order_by("pk").annotate(waits_since=Subquery(following.values("at")[:1]))[:LOOKED_AT]
    oldest = some.aggregate(oldest=Min("waits_since"))["oldest"]
    lag = (leases.database_time(using) - oldest).total_seconds() if oldest else 0.0
    metrics.webhook_behind.set(behind.count())
    metrics.webhook_lag.set(max(0.0, lag))
