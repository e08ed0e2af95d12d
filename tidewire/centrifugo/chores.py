"""The chore of the relay's tables."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now

from tidewire.centrifugo import broker, broker_tables, messages
from tidewire.centrifugo.subscribing import ALLOWED_SECONDS
from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.ground.conf import conf
from tidewire.jobs.chores import chore

BATCH = 1_000
MARGIN = timedelta(hours=1)


@chore("edge subscriptions")
def prune_subscriptions(using: str) -> int:
    """Deletes subscriptions that no node has asked about for longer than they are allowed, and old ephemeral messages;
    and has the nodes forget the streams that no client reads."""
    old = Now() - timedelta(seconds=ALLOWED_SECONDS) - MARGIN
    rows, deleted = EdgeSubscription.objects.using(using).filter(asked_at__lt=old), 0
    while keys := list(rows.values_list("pk", flat=True)[:BATCH]):
        deleted += rows.filter(pk__in=keys).delete()[0]
    while forgotten := messages.forget_old(using):  # where no relay runs that does it
        deleted += forgotten
    if conf.CENTRIFUGO_NODES and broker.exist(using):
        broker_tables.forget_unread(using)
    return deleted
