"""The tables of the event log."""

from __future__ import annotations

import secrets

from django.db import models

from tidewire.ground.ids import uuid7


def new_epoch() -> str:
    """16 letters and digits: enough that two lives of a stream never share one."""
    return secrets.token_hex(8)


class Stream(models.Model):
    """The head of one log. Locked last in a writer's transaction, in the order of names; never derived from events."""

    name = models.CharField(max_length=100, unique=True)
    epoch = models.CharField(max_length=32, default=new_epoch)
    head = models.PositiveBigIntegerField(default=0)
    touched_at = models.DateTimeField(db_index=True)  # by the database's clock: writers' clocks may differ

    def __str__(self) -> str:
        return f"{self.name} @ {self.head}"


class Event(models.Model):
    """A row of the log. `payload` is the finished JSON of the event: it is never built again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    stream = models.ForeignKey(Stream, on_delete=models.CASCADE, related_name="events", db_index=False)
    offset = models.PositiveBigIntegerField()
    type = models.CharField(max_length=64)
    object = models.CharField(max_length=128, db_index=True)  # "app.model:key", to find all events of one object
    actor = models.CharField(max_length=64, db_index=True)  # the user's key, empty for the system
    ends_access = models.CharField(max_length=64, default="", blank=True)  # a user's key, "*" for everyone, or nobody
    revocation_offset = models.PositiveBigIntegerField(default=0)  # the control log's head as the writer saw it
    at = models.DateTimeField()
    payload = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "offset"], name="event_position")]
        ordering = ["stream", "offset"]

    def __str__(self) -> str:
        return f"{self.type} @ {self.offset}"


class DelayedEvent(models.Model):
    """What a stream has still to tell, because it came faster than its kind's pace; see pacing.py."""

    stream = models.CharField(max_length=100)
    type = models.CharField(max_length=64)
    object = models.CharField(max_length=128)
    actor = models.CharField(max_length=64)
    actor_type = models.CharField(max_length=16)
    data = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="held_in_order")]

    def __str__(self) -> str:
        return f"{self.type} for {self.stream}"


class Turn(models.Model):
    """When a stream may tell again what it holds. A row of its own: the stream's is locked last, and waited for."""

    stream = models.CharField(max_length=100, primary_key=True)
    due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.stream} from {self.due_at}"
