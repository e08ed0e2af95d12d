"""Subscriptions that a node may just be making.

A node that was allowed a subscription makes it a moment later. An end that reaches the node in between finds nothing
to end. The node gives up PROXY_SECONDS after it asked, so what was asked longer ago is made or never will be.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models.functions import Now

from tidewire.centrifugo.tables import EdgeSubscription

PROXY_SECONDS = 1.0
"""How long a node waits for an answer. It stands in the configuration that `manage.py centrifugo config` writes."""
SETTLE_SECONDS = PROXY_SECONDS + 0.5
"""The node's own work after the answer is a read of its tables and takes milliseconds."""


def forget_settled(rows: Sequence[EdgeSubscription], using: str) -> bool:
    """Deletes those of these subscriptions, which were just ended on all nodes, that are certainly ended. Returns
    whether all are."""
    if not rows:
        return True
    mine = EdgeSubscription.objects.using(using).filter(pk__in=[row.pk for row in rows])
    mine.filter(asked_at__lt=Now() - timedelta(seconds=SETTLE_SECONDS)).delete()
    return not mine.exists()
