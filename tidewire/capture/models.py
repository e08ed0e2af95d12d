"""LiveModel: a convenience for new live models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import models

from tidewire.capture.querysets import LiveQuerySet
from tidewire.capture.versions import VersionField
from tidewire.ground.ids import uuid7
from tidewire.queries.deferred_insert import defer_insert

if TYPE_CHECKING:
    _M = TypeVar("_M", bound=models.Model)

    class _Objects:
        """The manager of a live model that defines none of its own: it has the methods of LiveQuerySet."""

        def __get__(self, instance: None, owner: type[_M]) -> LiveQuerySet[_M]: ...

else:
    _Objects = LiveQuerySet.as_manager


class LiveModel(models.Model):
    """A model with a UUIDv7 key and a version. Any other model can be live as well."""

    id: models.UUIDField[Any, UUID] = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = VersionField()

    objects = _Objects()

    class Meta:
        abstract = True

    if not TYPE_CHECKING:  # the stubs of Django leave it out

        def _do_insert(self, manager, using, fields, returning_fields, raw):
            """Inserts the row by a prepared statement where that is possible, else as Django does."""
            if raw or returning_fields or not defer_insert(manager.model, self, fields, using):
                return super()._do_insert(manager, using, fields, returning_fields, raw)
            return []
