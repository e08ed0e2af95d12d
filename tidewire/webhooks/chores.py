"""Chores of webhooks. They need none of the libraries that sending needs."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tidewire.ground.conf import conf
from tidewire.jobs.chores import chore
from tidewire.webhooks.tables import WebhookDelivery, WebhookPosition, WebhookSecret

BATCH = 1_000
KEEP_ENDED = timedelta(days=30)
"""How long a position stays of which the owner lost the stream."""


@chore("webhook deliveries")
def prune_deliveries(using: str) -> int:
    """Deletes the deliveries whose message was made longer ago than WEBHOOK_DELIVERIES_SECONDS."""
    old = timezone.now() - timedelta(seconds=conf.WEBHOOK_DELIVERIES_SECONDS)
    rows, deleted = WebhookDelivery.objects.using(using).filter(created_at__lt=old), 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        deleted += rows.filter(pk__in=keys).delete()[0]
    return deleted


@chore("webhook positions")
def prune_positions(using: str) -> int:
    """Deletes positions that ended a month ago, and secrets that no longer sign."""
    now = timezone.now()
    secrets = WebhookSecret.objects.using(using).filter(expires_at__lt=now).delete()[0]
    return secrets + WebhookPosition.objects.using(using).filter(ended_at__lt=now - KEEP_ENDED).delete()[0]
