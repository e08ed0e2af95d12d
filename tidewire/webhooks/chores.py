"""Chores of webhooks."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from tidewire.ground.conf import conf
from tidewire.jobs.chores import chore
from tidewire.webhooks.tables import WebhookDelivery, WebhookPosition, WebhookSecret

logger = logging.getLogger(__name__)

BATCH = 1_000
KEEP_ENDED = timedelta(days=30)
"""How long a position stays of which the owner lost the stream."""


@chore("webhook deliveries")
def prune_deliveries(using: str) -> Iterator[int]:
    """Deletes the deliveries whose message was made longer ago than WEBHOOK_DELIVERIES_SECONDS."""
    old = timezone.now() - timedelta(seconds=conf.WEBHOOK_DELIVERIES_SECONDS)
    rows = WebhookDelivery.objects.using(using).filter(created_at__lt=old)
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        yield rows.filter(pk__in=keys).delete()[0]


@chore("webhook positions")
def prune_positions(using: str) -> int:
    """Deletes positions that ended a month ago, and secrets that no longer sign."""
    now = timezone.now()
    secrets = WebhookSecret.objects.using(using).filter(expires_at__lt=now).delete()[0]
    return secrets + WebhookPosition.objects.using(using).filter(ended_at__lt=now - KEEP_ENDED).delete()[0]


@chore("webhook secrets")
def seal_secrets_anew(using: str) -> int:
    """Seals the secrets that an earlier SECRET_KEY has sealed with the present one. Deletes nothing: returns 0."""
    rows = WebhookSecret.objects.using(using).all()
    if not rows.exists():
        return 0
    from tidewire.webhooks import secrets  # needs the extra `webhooks`, which a project without webhooks has not

    for row in rows.iterator():
        try:
            if not secrets.is_sealed_anew(row.sealed):
                rows.filter(pk=row.pk).update(sealed=secrets.seal(secrets.unseal(row.sealed)))
        except secrets.SealError as error:
            logger.warning("a secret of the webhook %s is lost: %s", row.endpoint_id, error)
    return 0
