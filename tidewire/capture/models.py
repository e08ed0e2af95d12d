"""LiveModel, the base of a live model, and its version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import models, router, transaction
from django.db.models import F
from django.db.models.base import ModelBase

from tidewire.capture.querysets import LiveQuerySet
from tidewire.ground.ids import uuid7
from tidewire.queries.deferred_insert import defer_insert

if TYPE_CHECKING:
    _BigIntegerField = models.BigIntegerField[Any, int]
    _M = TypeVar("_M", bound=models.Model)

    class _Objects:
        """The manager of a live model that defines none of its own: it has the methods of LiveQuerySet."""

        def __get__(self, instance: None, owner: type[_M]) -> LiveQuerySet[_M]: ...

else:
    _BigIntegerField, _Objects = models.BigIntegerField, LiveQuerySet.as_manager


class VersionField(_BigIntegerField):
    """Counts the changes of a row: 1 when inserted, one more with every UPDATE, in the statement itself.

    After an update the value in memory is dropped, so that the next access reads what the database made of it.
    """

    __module__ = "tidewire.models"  # migrations of every project name it so

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"default": 1, "editable": False} | kwargs))

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add:
            setattr(model_instance, self.attname, 1)
            return 1
        vars(model_instance).pop(self.attname, None)
        return F(self.attname) + 1


class LiveModel(models.Model):
    """Base of a live model: UUIDv7 key, version, and writes that note every change in their own transaction."""

    id: models.UUIDField[Any, UUID] = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = VersionField()

    objects = _Objects()

    class Meta:
        abstract = True
        base_manager_name = "objects"  # cascades that set a key to NULL go through it

    def save_base(
        self,
        raw: bool = False,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Does what Django's does, in a transaction, so that the row and its events commit together.

        The version is added to `update_fields` here and not in `save`, which restricts the fields to the loaded ones:
        after an update the version is none of those.
        """
        using = using or router.db_for_write(type(self), instance=self)
        if update_fields is not None:
            update_fields = frozenset({*update_fields, "version"})
        with transaction.atomic(using=using, savepoint=False):
            super().save_base(raw, force_insert, force_update, using, update_fields)

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, dict[str, int]]:
        """Does what Django's does, in a transaction that begins before the rows to delete are collected."""
        using = using or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            return super().delete(using, keep_parents)

    if not TYPE_CHECKING:  # the stubs of Django leave it out

        def _do_insert(self, manager, using, fields, returning_fields, raw):
            """Inserts the row by a prepared statement where that is possible, else as Django does."""
            if raw or returning_fields or not defer_insert(manager.model, self, fields, using):
                return super()._do_insert(manager, using, fields, returning_fields, raw)
            return []
