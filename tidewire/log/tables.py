"""The tables of the event log."""

from __future__ import annotations

import secrets

from django.db import models

from tidewire.ground.ids import uuid7


def new_epoch() -> str:
    """Returns 16 random letters and digits: enough that two lifetimes of a stream never share an epoch."""
    return secrets.token_hex(8)


class Stream(models.Model):
    """The head of one stream. Writers lock these rows last, in the order of names. `head` is never derived from events.

    `new_epochs` gives a stream a new epoch and the next generation: generations sort, epochs do not.
    """

    name = models.CharField(max_length=100, unique=True)
    epoch = models.CharField(max_length=32, default=new_epoch)
    generation = models.PositiveIntegerField(default=1, db_default=1)  # streams are inserted by SQL of their own
    head = models.PositiveBigIntegerField(default=0)
    touched_at = models.DateTimeField(db_index=True)  # by the database's clock: writers' clocks may differ

    def __str__(self) -> str:
        return f"{self.name} @ {self.head}"


class Event(models.Model):
    """An event with its offset in its stream. `payload` is its finished JSON, which is never built again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="events", db_index=False)
    offset = models.PositiveBigIntegerField()
    type = models.CharField(max_length=64)
    object = models.CharField(max_length=128, db_index=True)  # "app.model:key", to find all events of one object
    actor = models.CharField(max_length=64, db_index=True)  # the user's key, empty for the system
    ends_access = models.CharField(max_length=64, default="", blank=True)  # a user's key, "*" for everyone, or empty
    revocation_offset = models.PositiveBigIntegerField(default=0)  # head of the revocation log as the writer saw it
    at = models.DateTimeField()
    payload = models.TextField()
    trace = models.CharField(max_length=55, default="", db_default="", blank=True, editable=False)  # ground/tracing.py

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "offset"], name="event_position")]
        ordering = ["stream", "offset"]

    def __str__(self) -> str:
        return f"{self.type} @ {self.offset}"


class DelayedEvent(models.Model):
    """An event without a place yet, because its stream has events faster than its kind's rate allows; see rate.py."""

    stream = models.CharField(max_length=100)
    type = models.CharField(max_length=64)
    object = models.CharField(max_length=128)
    actor = models.CharField(max_length=64)
    actor_type = models.CharField(max_length=16)
    data = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="delayed_in_order")]

    def __str__(self) -> str:
        return f"{self.type} for {self.stream}"


class NextRelease(models.Model):
    """When the delayed events of a stream may be released next.

    A row of its own, because the stream's row is locked last and waited for; this one is never waited for.
    """

    stream = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stream} at {self.due_at}"


class HiddenUser(models.Model):
    """A user whose events can be read no more, because they are being erased. The table is nearly always empty."""

    user = models.CharField(max_length=64, primary_key=True)

    def __str__(self) -> str:
        return self.user


class ErasureClock(models.Model):
    """A counter of one row: how often the erasure of an account has begun or was done. A replica that shows the same
    time has replayed it."""

    time = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.time)

    @classmethod
    def tick(cls, using: str) -> None:
        """Raises the counter. Its row is locked until COMMIT: call it late in the transaction."""
        cls.objects.using(using).bulk_create([cls(id=1)], ignore_conflicts=True)
        cls.objects.using(using).filter(id=1).update(time=models.F("time") + 1)
