"""API keys, for programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.signals import post_delete
from django.dispatch import Signal, receiver
from django.utils import timezone

from api.models import key_text
from tidewire import revoke_sessions, uuid7
from tidewire.models import LiveModel, LiveQuerySet
from tidewire.mqtt import passwords
from tidewire.rest.conflicts import Conflict

MAX_KEYS = 50
"""Keys of one user, and of one room or dashboard."""

keys_ended = Signal()
"""Sent with `keys` (a list) and `using` inside the transaction that revokes them. Not when their rows are deleted."""


class KeyQuerySet(LiveQuerySet["Key"]):
    def alive(self) -> Self:
        """The keys that are neither revoked nor expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), ended_at=None)

    def in_use(self, user: Any, stream: str) -> Self:
        """The keys that are not revoked: those bound to `stream`, or for "" the user's own."""
        keys = self.filter(stream=stream) if stream else self.filter(user=user, stream="")
        return keys.filter(ended_at=None).select_related("user")

    def require_space(self, user: Any, stream: str) -> None:
        """Raises Conflict when there are MAX_KEYS keys already.

        Call it with the user or the resource locked, so that no other transaction adds a key now.
        """
        if self.in_use(user, stream).count() >= MAX_KEYS:
            raise Conflict("too_many_keys", f"There are {MAX_KEYS} keys already. Revoke one that is not used.")

    def issue(
        self,
        user: Any,
        *,
        made_by: Any,
        name: str,
        scopes: Iterable[str],
        stream: str = "",
        expires_at: datetime | None = None,
        id: UUID | None = None,
    ) -> Key:
        """Creates a key that acts as `user`. The returned key has its `text`, of which only a hash is stored."""
        id = id or uuid7()
        text = key_text.mint(id)
        key = Key(
            id=id,
            user=user,
            made_by=made_by,
            name=name,
            scopes=list(scopes),
            stream=stream,
            expires_at=expires_at,
            hashed=key_text.hashed(text),
            broker_hash=passwords.hashed(text),
            last4=text[-4:],
        )
        key.save(force_insert=True)
        key.text = text
        return key

    def end(self) -> None:
        """Revokes those that are not revoked yet, and closes their sockets in all processes. Sends `keys_ended`."""
        with transaction.atomic(using=self.db):
            rows = self.filter(ended_at=None).select_related("user").order_by("user_id", "pk")
            keys = list(rows.select_for_update(of=("self",), no_key=True))
            for user_id, group in groupby(keys, key=lambda key: key.user_id):
                ids = [key.pk for key in group]
                Key.objects.using(self.db).filter(pk__in=ids).update(ended_at=timezone.now())
                revoke_sessions(str(user_id), ids, self.db)
            if keys:
                keys_ended.send(Key, keys=keys, using=self.db)


LAST_TIME = datetime(9999, 12, 30, tzinfo=UTC)


class Key(LiveModel):
    """Acts as `user`, within its scopes. A key with a `stream` is bound to it, and its user is a service account."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="keys")
    user_id: UUID
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", editable=False
    )
    made_by_id: UUID | None
    name = models.CharField(max_length=100)
    stream = models.CharField(max_length=100, blank=True, db_index=True, editable=False)
    scopes = models.JSONField(default=list)
    hashed = models.CharField(max_length=64, editable=False)
    broker_hash = models.CharField(
        max_length=160,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="For brokers of MQTT; see docs/mqtt.md.",
    )
    last4 = models.CharField(max_length=4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, editable=False, help_text="To within ten minutes.")
    ended_at = models.DateTimeField(null=True, editable=False)

    text: str
    """Of a key that was issued just now. It is not stored."""

    objects = KeyQuerySet.as_manager()

    class Meta(LiveModel.Meta):
        indexes = [models.Index(fields=["user", "created_at", "id"], name="key_by_time")]

    def __str__(self) -> str:
        return f"{self.name} (…{self.last4})"

    def is_alive(self, now: datetime) -> bool:
        return self.ended_at is None and not self.is_expired(now)

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def note_use(self, now: datetime, text: str) -> None:
        """Stores when the key was used. That is no change of the key: its version stays. A key that was issued before
        there was MQTT gets its hash for brokers now, while its text is known."""
        values = {"broker_hash": passwords.hashed(text)} if text and not self.broker_hash else {}
        Key.objects.filter(pk=self.pk).update_unnoted(used_at=now, **values)

    def rename(self, name: str) -> None:
        self.name = name
        self.save(update_fields=["name"])

    def rotate(self, made_by: Any, **values: Any) -> Key:
        """Issues another key for the same account and scopes. `expires_at` may be given; by default the new key is
        valid for as long as this one was when it was made."""
        if self.expires_at and "expires_at" not in values:
            now = timezone.now()
            # A key that was made for nearly ever ends with the calendar again.
            values["expires_at"] = min(self.expires_at - self.created_at, LAST_TIME - now) + now
        content = {"name": self.name, "scopes": self.scopes, "stream": self.stream}
        return Key.objects.issue(self.user, made_by=made_by, **content, **values)

    def revoke(self) -> None:
        """Ends the key and closes its sockets in all processes."""
        Key.objects.filter(pk=self.pk).end()


@receiver(post_delete, sender=Key)
def on_delete(instance: Key, using: str, **kwargs: Any) -> None:
    """Closes the sockets of a key that is deleted with its user."""
    if instance.ended_at is None:
        revoke_sessions(str(instance.user_id), [instance.pk], using)
