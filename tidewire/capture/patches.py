"""The one place that changes Django: methods of QuerySet, and of the live models' classes.

A queryset class of ours would not do. A project has querysets and managers of its own, related managers and
`values().update()` build theirs, and migrations and pickles name them. So the methods of QuerySet itself are replaced,
once for the process. For a model that is not captured the replaced method calls Django's at once: that costs a look
into a set.

Without LiveModel, and in autocommit mode, `post_save` comes when the row is committed. So `save_base` and `delete` of
the captured classes open the transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models.base import ModelBase

from tidewire.capture import bulk, originals, receivers
from tidewire.capture.before import concerns
from tidewire.capture.noting import note_departures
from tidewire.capture.relatives import concrete
from tidewire.capture.rows import every
from tidewire.capture.versions import versions_of

_captured: set[type[models.Model]] = set()
_opening: set[Callable[..., Any]] = set()
"""The methods of captured classes that open a transaction."""
_METHODS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "update": (originals.update, bulk.update),
    "bulk_create": (originals.bulk_create, bulk.bulk_create),
    "delete": (originals.delete, bulk.delete),
    "_raw_delete": (originals.raw_delete, bulk.raw_delete),
}


def install() -> None:
    """Replaces the methods of QuerySet. Calling it again changes nothing."""
    for name, (original, noting) in _METHODS.items():
        if getattr(models.QuerySet, name) is original:
            setattr(models.QuerySet, name, _dispatching(original, noting))


def _dispatching(original: Callable[..., Any], noting: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def method(queryset: models.QuerySet[Any], /, *args: Any, **kwargs: Any) -> Any:
        if queryset.model._meta.concrete_model in _captured:
            return noting(queryset, *args, **kwargs)
        return original(queryset, *args, **kwargs)

    return method


def is_captured(model: type[models.Model]) -> bool:
    """Returns whether writes of this model, or of the one that it is a proxy of, are noted or raise a version."""
    return model._meta.concrete_model in _captured


def capture(model: type[models.Model]) -> None:
    """Makes the writes of a model noted. Calling it again changes nothing."""
    _captured.add(concrete(model))
    for name, opening in (("save_base", _saving), ("delete", _deleting)):
        original = getattr(model, name)
        if original not in _opening:  # also where it is inherited from a captured parent
            method = wraps(original)(opening(original))
            _opening.add(method)
            setattr(model, name, method)


def _saving(original: Callable[..., None]) -> Callable[..., None]:
    def save_base(
        self: models.Model,
        raw: bool = False,
        force_insert: bool | tuple[ModelBase, ...] = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Does what the original does, in a transaction, so that the row and its events commit together.

        The versions are added to `update_fields` here and not in `save`, which restricts the fields to the loaded ones:
        after an update the version is none of those.
        """
        using = using or router.db_for_write(type(self), instance=self)
        if update_fields is not None and concerns(type(self), update_fields):
            update_fields = frozenset({*update_fields, *(version.name for version in versions_of(type(self)))})
        with transaction.atomic(using=using, savepoint=False):
            if self._meta.auto_created:
                receivers.save_silently(self, original, raw, force_insert, force_update, using, update_fields)
            else:
                original(self, raw, force_insert, force_update, using, update_fields)

    return save_base


def _deleting(original: Callable[..., Any]) -> Callable[..., Any]:
    def delete(self: models.Model, *args: Any, **kwargs: Any) -> Any:
        """Does what the original does, in a transaction that begins before the rows to delete are collected."""
        named = kwargs.get("using") or next((arg for arg in args if isinstance(arg, str) and arg in connections), None)
        using = named or router.db_for_write(type(self), instance=self)
        with transaction.atomic(using=using, savepoint=False):
            if not self._meta.auto_created:
                return original(self, *args, **kwargs)
            gone = list(every(type(self), using).filter(pk=self.pk))
            result = original(self, *args, **kwargs)
            note_departures(type(self), gone, using)
            return result

    return delete
