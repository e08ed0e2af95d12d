"""How far webhooks are behind the log, and whether anything works on them, as gauges.

Every process that serves measures it, too: workers that do not run cannot say so.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Greatest

from tidewire.ground import metrics
from tidewire.jobs.measures import measure
from tidewire.log.tables import Event
from tidewire.webhooks import leases
from tidewire.webhooks.tables import WebhookEndpoint, WebhookPosition

LOOKED_AT = 1_000
"""Positions that are behind, of which the oldest event is looked up."""


@dataclass(frozen=True, slots=True)
class Lag:
    """The active positions that are behind, the age of the oldest event that waits, and for how long nothing was done
    about one that is due."""

    positions: int
    oldest_seconds: float
    idle_seconds: float


@measure
def measure_webhooks(using: str) -> None:
    """Sets the gauges: the webhooks by state, and the lag."""
    _count_endpoints(using)
    lag = read_lag(using)
    metrics.webhook_behind.set(lag.positions)
    metrics.webhook_lag.set(lag.oldest_seconds)
    metrics.webhook_idle.set(lag.idle_seconds)


def read_lag(using: str) -> Lag:
    behind = WebhookPosition.objects.using(using).filter(
        endpoint__state=WebhookEndpoint.State.ACTIVE, ended_at=None, stream__head__gt=F("offset")
    )
    following = Event.objects.using(using).filter(stream=OuterRef("stream"), offset=OuterRef("offset") + 1)
    some = behind.order_by("pk").annotate(waits_since=Subquery(following.values("at")[:1]))[:LOOKED_AT]
    # The streams of a receiver that fails take turns: what is due there may wait for long.
    is_well = Q(endpoint__failing_since=None)
    found = some.aggregate(oldest=Min("waits_since"), due=Min(Greatest("due_at", "waits_since"), filter=is_well))
    now = leases.database_time(using)
    is_worked_on = WebhookPosition.objects.using(using).filter(leased_until__gt=now).exists()
    due = None if is_worked_on else found["due"]
    waits = [max(0.0, (now - since).total_seconds()) if since else 0.0 for since in (found["oldest"], due)]
    return Lag(behind.count(), *waits)


def _count_endpoints(using: str) -> None:
    """Sets the number of webhooks in each state, also of those that there are none of."""
    counts = dict.fromkeys([("active", "none"), *(("disabled", reason) for reason in WebhookEndpoint.Reason.values)], 0)
    rows = WebhookEndpoint.objects.using(using).order_by().values_list("state", "disabled_reason")
    for state, reason, count in rows.annotate(count=Count("pk")):
        counts[state, reason or "none"] = count
    for (state, reason), count in counts.items():
        metrics.webhook_endpoints.labels(state, reason).set(count)
