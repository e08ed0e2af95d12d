"""The networks from which an account was signed in to. Other networks' wrong passwords do not keep these out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.utils import timezone

from api.models.querysets import RowQuerySet

KEEP = timedelta(days=30)
NOTED_EVERY = timedelta(days=1)
MAX_NETWORKS = 50
"""Networks of one account. The latest are kept."""
PRUNE_BATCH = 500


class KnownNetworkQuerySet(RowQuerySet["KnownNetwork"]):
    def is_known(self, email: str, network: str) -> bool:
        """Returns whether the account was signed in to from this network lately. One query."""
        return self.filter(user__email=email, network=network, seen_at__gt=timezone.now() - KEEP).exists()

    def note(self, user_id: Any, network: str) -> None:
        """Remembers that the account was signed in to from this network. Writes once a day for each network."""
        now = timezone.now()
        if self.filter(user=user_id, network=network, seen_at__gt=now - NOTED_EVERY).exists():
            return
        self.bulk_create(
            [KnownNetwork(user_id=user_id, network=network, seen_at=now)],
            update_conflicts=True,
            unique_fields=["user", "network"],
            update_fields=["seen_at"],
        )
        old = self.filter(user=user_id).order_by("-seen_at", "-pk").values_list("pk", flat=True)[MAX_NETWORKS:]
        if keys := list(old):
            self.filter(pk__in=keys).delete()

    def prune(self, limit: int = PRUNE_BATCH) -> int:
        """Deletes at most `limit` networks that were not seen for KEEP, and returns how many."""
        old = list(self.filter(seen_at__lt=timezone.now() - KEEP).values_list("pk", flat=True)[:limit])
        return self.filter(pk__in=old)._raw_delete(self.db) if old else 0


class KnownNetwork(models.Model):
    """One network of one account. `network` is a keyed hash, which shows no address."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    user_id: UUID
    network = models.CharField(max_length=64)
    seen_at = models.DateTimeField(db_index=True)

    objects = KnownNetworkQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="known_network_once")]

    def __str__(self) -> str:
        return f"{self.network[:8]} of {self.user_id}"
