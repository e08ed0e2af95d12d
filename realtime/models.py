"""LiveModel, the base of what is live, and the two tables of the event log."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models, router, transaction
from django.db.models import F

from realtime.ids import uuid7
from realtime.inserts import insert
from realtime.querysets import LiveQuerySet


class VersionField(models.BigIntegerField):
    """Counts the changes of a row: 1 when inserted, one more with every UPDATE, in the statement itself.

    After an update the value in memory is dropped, so that whoever asks next reads what the database made of it.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"default": 1, "editable": False} | kwargs))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add:
            setattr(model_instance, self.attname, 1)
            return 1
        model_instance.__dict__.pop(self.attname, None)
        return F(self.attname) + 1


class LiveModel(models.Model):
    """Base of a live model: UUIDv7 key, version, and write paths that note every change in their own transaction."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = VersionField()

    objects = LiveQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # cascades that set a key to NULL go through it

    def save_base(self, raw=False, force_insert=False, force_update=False, using=None, update_fields=None) -> None:
        """As Django's, in a transaction, so that the row and its events commit together.

        Not in `save`, which restricts the fields to the loaded ones: after an update the version is none of those.
        """
        using = using or router.db_for_write(type(self), instance=self)
        if update_fields is not None:
            update_fields = frozenset({*update_fields, "version"})
        with transaction.atomic(using=using, savepoint=False):
            super().save_base(raw, force_insert, force_update, using, update_fields)

    save_base.alters_data = True

    def _do_insert(self, manager, using, fields, returning_fields, raw):
        """As Django's."""
        if raw or returning_fields or not insert(manager.model, self, fields, using):
            return super()._do_insert(manager, using, fields, returning_fields, raw)
        return []

    def delete(self, using=None, keep_parents=False) -> tuple[int, dict[str, int]]:
        """As Django's, which opens its transaction only after it has collected what goes with the row."""
        using = using or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            return super().delete(using, keep_parents)

    delete.alters_data = True


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
    control = models.PositiveBigIntegerField(default=0)  # the control log's head as the writer saw it
    at = models.DateTimeField()
    payload = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stream", "offset"], name="event_position")]
        ordering = ["stream", "offset"]

    def __str__(self) -> str:
        return f"{self.type} @ {self.offset}"


class Held(models.Model):
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
