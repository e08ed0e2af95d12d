"""LiveModel, the base of a live model, and its version."""

from __future__ import annotations

from typing import Any

from django.db import models, router, transaction
from django.db.models import F

from tidewire.capture.querysets import LiveQuerySet
from tidewire.ground.ids import uuid7
from tidewire.queries.deferred_insert import insert


class VersionField(models.BigIntegerField):
    """Counts the changes of a row: 1 when inserted, one more with every UPDATE, in the statement itself.

    After an update the value in memory is dropped, so that whoever asks next reads what the database made of it.
    """

    __module__ = "tidewire.models"  # migrations of every project name it so

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
