"""The version of a row, which the database raises with every UPDATE."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F

if TYPE_CHECKING:
    _BigIntegerField = models.BigIntegerField[Any, int]
else:
    _BigIntegerField = models.BigIntegerField

KEPT = "_tidewire_version_kept"
"""Set on an instance while it is saved without a change that its readers see: the version then stays."""


class VersionField(_BigIntegerField):
    """Counts the changes of a row: 1 when inserted, one more with every UPDATE, in the statement itself.

    After an update the value in memory is dropped, so that the next access reads what the database made of it. The
    column has its default in the database as well, for a process of before it was added, which does not name it.
    """

    __module__ = "tidewire.models"  # migrations of every project name it so

    @property
    def db_returning(self) -> bool:
        """Returns False: the value of a new row is known."""
        return False

    def __init__(self, **kwargs: Any) -> None:
        # A migration that names the default says everything; an older one has none in the database.
        options: dict[str, Any] = {} if "default" in kwargs else {"default": 1, "db_default": 1}
        options |= {"editable": False} | kwargs
        super().__init__(**options)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if add:
            setattr(model_instance, self.attname, 1)
            return 1
        if vars(model_instance).get(KEPT):
            return F(self.attname)
        vars(model_instance).pop(self.attname, None)
        return F(self.attname) + 1


@cache
def versions_of(model: type[models.Model]) -> tuple[VersionField, ...]:
    """Returns the versions that a row of this model has: most often one or none. A column that is merely called
    `version` is not one."""
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, VersionField))


def next_versions(model: type[models.Model]) -> dict[str, Any]:
    """Returns the values of an UPDATE that raises the row's versions."""
    return {field.name: F(field.name) + 1 for field in versions_of(model)}


def forget_versions(instances: Iterable[models.Model]) -> None:
    """Drops the versions in memory, so that the next access reads them from the database."""
    for instance in instances:
        for field in versions_of(type(instance)):
            vars(instance).pop(field.attname, None)
