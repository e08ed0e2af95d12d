"""Sessions. One row per sign-in, which all its tokens name as `sid`."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from api.models.querysets import RowQuerySet
from tidewire import revoke_sessions
from tidewire.ids import uuid7

KEEP_ENDED = timedelta(days=1)
"""An ended session's row stays longer than any access token made from it."""
PRUNE_BATCH = 500
MAX_SESSIONS = 100
"""Sessions of one user that have not ended. A sign-in above it ends the one that was refreshed the longest ago."""


class SessionQuerySet(RowQuerySet["Session"]):
    def alive(self) -> Self:
        return self.filter(ended_at=None, expires_at__gt=timezone.now())

    def end(self) -> None:
        """Ends those that have not ended, and closes their sockets in all processes."""
        now = timezone.now()
        with transaction.atomic(using=self.db):
            rows = self.alive().order_by("user_id", "pk").select_for_update(no_key=True).values_list("user_id", "pk")
            for user_id, group in groupby(rows, key=lambda row: row[0]):
                ids = [pk for _, pk in group]
                Session.objects.using(self.db).filter(pk__in=ids).update(ended_at=now, expires_at=now + KEEP_ENDED)
                revoke_sessions(str(user_id), ids, self.db)

    def make_space(self, user_id: Any) -> None:
        """Ends sessions of a user until there is space for one more. Call it with the user locked."""
        latest = self.alive().filter(user=user_id).order_by("-rotated_at", "-pk")
        if old := list(latest.values_list("pk", flat=True)[MAX_SESSIONS - 1 :]):
            self.filter(pk__in=old).end()

    def prune(self, limit: int = PRUNE_BATCH) -> int:
        """Deletes at most `limit` rows that no valid token names, and returns how many."""
        old = list(self.filter(expires_at__lt=timezone.now()).values_list("pk", flat=True)[:limit])
        return self.filter(pk__in=old)._raw_delete(self.db) if old else 0


class Session(models.Model):
    """One sign-in of a user.

    `generation` is the number of the refresh token that is valid now. It was made at `rotated_at` and expires at
    `expires_at`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions")
    user_id: UUID
    device = models.CharField(max_length=200, blank=True, help_text="What the client calls itself.")
    address = models.CharField(max_length=45, blank=True)
    generation = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    rotated_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True)

    objects = SessionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.user_id} on {self.device or 'an unknown device'}"

    def is_alive(self, now: datetime) -> bool:
        return self.ended_at is None and self.expires_at > now


@receiver(post_delete, sender=Session)
def on_delete(instance: Session, using: str, **kwargs: Any) -> None:
    """Closes the sockets of a session that is deleted with its user."""
    if instance.is_alive(timezone.now()):
        revoke_sessions(str(instance.user_id), [instance.pk], using)
