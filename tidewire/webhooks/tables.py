"""The tables of webhooks. They hold no body of a request: bodies are read from the log for each attempt."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self, cast
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tidewire.capture.versions import VersionField
from tidewire.ground.ids import uuid7
from tidewire.log.tables import Stream

MAX_EVENTS = 100
"""The most events of one request."""
URL_LENGTH = 2000
RESET = "stream.reset"
"""The type of the message in place of events that are lost."""
SCANNED = 200
"""Events that are looked at for one position at a time; a message spans at most so many offsets."""


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def of(self, owner: Any) -> Self:
        return self.filter(owner=str(owner))

    def disable(self, reason: str) -> int:
        """Disables those that are active. Returns how many. Tells no one: for owners who caused it themselves."""
        active = self.filter(state=WebhookEndpoint.State.ACTIVE)
        return active.update(
            state=WebhookEndpoint.State.DISABLED,
            disabled_reason=reason,
            failing_since=None,
            version=models.F("version") + 1,
            updated_at=timezone.now(),
        )


class WebhookEndpoint(models.Model):
    """A URL that gets the events of some streams. `owner` is the key of a user, as a text.

    - `streams` are the names of its streams; None for all that the owner may read, at the time of each delivery.
    - `types` are the types of events that it gets, all where the list is empty.
    - `max_events` above 1 asks for batches: one request then has up to so many events of one stream.
    - `made_by` is the key of the session or API key that made it, "" where there is none.
    - `scanned_at`: in the streams written to until then, no new stream is to be found for it.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        DISABLED = "disabled"

    class Reason(models.TextChoices):
        """Why it is disabled."""

        OWNER = "owner"
        GONE = "gone"  # the receiver answered 410
        FAILING = "failing"  # no attempt of a day succeeded
        KEY_ENDED = "key_ended"  # the API key that made it
        ACCOUNT_CLOSED = "account_closed"
        SECRET_LOST = "secret_lost"  # sealed with a SECRET_KEY that is no longer known

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.CharField(max_length=64)
    made_by = models.CharField(max_length=64, default="", blank=True, db_index=True)
    url = models.CharField(max_length=URL_LENGTH)
    description = models.CharField(max_length=200, default="", blank=True)
    types = models.JSONField(default=list, blank=True)
    streams = models.JSONField(null=True, blank=True)
    max_events = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=State.choices, default=State.ACTIVE)
    disabled_reason = models.CharField(max_length=16, choices=Reason.choices, default="", blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    scanned_at = models.DateTimeField()
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    version = VersionField()

    objects = cast(WebhookEndpointQuerySet, WebhookEndpointQuerySet.as_manager())

    secret: str
    """The secret that was made just now, to be shown once."""

    class Meta:
        indexes = [models.Index(fields=["owner", "created_at", "id"], name="webhook_by_time")]

    def __str__(self) -> str:
        return self.url

    @property
    def is_active(self) -> bool:
        return self.state == self.State.ACTIVE


class WebhookSecret(models.Model):
    """A secret that signs, sealed. While an endpoint has several, each request has a signature by each of them."""

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="secrets")
    endpoint_id: UUID
    sealed = models.TextField()
    last4 = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"…{self.last4}"

    def is_valid(self, now: datetime) -> bool:
        return self.expires_at is None or self.expires_at > now


class WebhookPosition(models.Model):
    """Where an endpoint stands in a stream: the receiver has confirmed all events up to `offset` of `epoch`.

    - `message_id` and `until` fix the message that is being sent: its webhook-id, and the last offset that it holds, or
      the offset that a reset names. A worker writes them before the first attempt, so that every attempt, by any
      worker, has the same id and events.
    - `failures` are the attempts in a row that failed, since `failing_since`; the next is due at `due_at`, and where
      the receiver has asked to wait (Retry-After) not before `asked_until`.
    - `lease` names the worker that has this position, until `leased_until`.
    - `ended_at` is when the owner was found to read the stream no more.
    """

    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="positions", db_index=False)
    endpoint_id: UUID
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="+")
    stream_id: int
    epoch = models.CharField(max_length=32)
    offset = models.PositiveBigIntegerField()
    message_id = models.CharField(max_length=64, default="", blank=True)
    until = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(default=timezone.now)
    asked_until = models.DateTimeField(null=True, blank=True)
    lease = models.CharField(max_length=32, default="", blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "stream"], name="webhook_position_once")]

    def __str__(self) -> str:
        return f"{self.stream_id} @ {self.offset}"


class WebhookDelivery(models.Model):
    """A message to an endpoint: its attempts, and what the receiver answered last. The body is that of the log.

    - `stream`, `epoch` and the offsets say which events it holds; a ping has none.
    - `answer` is the first KiB of the last answer.
    - `requested_at` is when a ping or a redelivery was asked for, as long as no worker has done it.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        RETRYING = "retrying"
        DELIVERED = "delivered"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    endpoint_id: UUID
    message_id = models.CharField(max_length=64)
    type = models.CharField(max_length=64)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    stream_id: int | None
    epoch = models.CharField(max_length=32, default="", blank=True)
    first_offset = models.PositiveBigIntegerField(null=True, blank=True)
    last_offset = models.PositiveBigIntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    answer = models.TextField(default="", blank=True)
    error = models.CharField(max_length=200, default="", blank=True)
    milliseconds = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    attempted_at = models.DateTimeField(null=True, blank=True)
    next_at = models.DateTimeField(null=True, blank=True)
    requested_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    body_now: str | None
    """The body that an attempt would send now, where it was asked for."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "message_id"], name="webhook_message_once")]
        indexes = [
            models.Index(fields=["endpoint", "created_at", "id"], name="webhook_delivery_by_time"),
            models.Index(fields=["stream", "last_offset"], name="webhook_delivery_by_place"),
            models.Index(
                fields=["requested_at"], condition=Q(requested_at__isnull=False), name="webhook_delivery_requested"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.state}"
