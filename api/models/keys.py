"""Keys of programs. Of its text only a hash is kept, and what people tell keys apart by."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.utils import timezone

from tidewire import revoke_sessions
from tidewire.models import LiveModel, LiveQuerySet


class KeyQuerySet(LiveQuerySet):
    def alive(self) -> KeyQuerySet:
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), ended_at=None)

    def end(self) -> None:
        """Revokes those that are not, their sockets everywhere with them."""
        with transaction.atomic(using=self.db):
            rows = self.filter(ended_at=None).order_by("user_id", "pk").select_for_update(no_key=True)
            for user_id, group in groupby(rows.values_list("user_id", "pk"), key=lambda row: row[0]):
                ids = [pk for _, pk in group]
                Key.objects.using(self.db).filter(pk__in=ids).update(ended_at=timezone.now())
                revoke_sessions(str(user_id), ids, self.db)

    end.alters_data = True


class Key(LiveModel):
    """Acts as `user`, within its scopes. One with a `stream` is confined to it, and its user is a service account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="keys")
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    name = models.CharField(max_length=100)
    stream = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    scopes = models.JSONField(default=list)
    hashed = models.CharField(max_length=64, editable=False)
    last4 = models.CharField(max_length=4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, editable=False, help_text="To within ten minutes.")
    ended_at = models.DateTimeField(null=True, editable=False)

    objects = KeyQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["user", "created_at", "id"], name="key_by_time")]

    def __str__(self) -> str:
        return f"{self.name} (…{self.last4})"

    def is_alive(self, now: datetime) -> bool:
        return self.ended_at is None and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def touch(self, now: datetime) -> None:
        """It was used. Not a change of the key: its version stays."""
        models.QuerySet(Key).filter(pk=self.pk).update(used_at=now)


@receiver(post_delete, sender=Key)
def on_delete(instance: Key, using: str, **kwargs: Any) -> None:
    """A row that goes with its user was a key all the same."""
    if instance.ended_at is None:
        revoke_sessions(str(instance.user_id), [instance.pk], using)
