"""Instances of models from rows, without what Django does for those who listen to it.

`Model.__init__` looks at every field for defaults, proxies and descriptors, and sends two signals. A row of a table
has a value for each column, so where nobody listens there is nothing to look at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from django.db.models import Model
from django.db.models.base import ModelState
from django.db.models.fields.related_descriptors import ForeignKeyDeferredAttribute
from django.db.models.signals import post_init, pre_init


def from_row(model: type[Model], using: str | None, names: Sequence[str], values: Iterable[Any]) -> Model:
    """As `model.from_db`: the other columns are read when somebody wants them."""
    if pre_init.receivers or post_init.receivers or not _is_made_by_django(model):
        return model.from_db(using, names, values)
    instance = model.__new__(model)
    state = ModelState()
    state.adding, state.db = False, using
    instance.__dict__.update(zip(names, values, strict=True), _state=state)
    return instance


@cache
def _is_made_by_django(model: type[Model]) -> bool:
    """No class has a way of its own, and no column is anything but an attribute."""
    is_own = model.__init__ is not Model.__init__ or model.from_db.__func__ is not Model.from_db.__func__
    return not is_own and all(_is_plain(getattr(model, field.attname)) for field in model._meta.concrete_fields)


def _is_plain(descriptor: Any) -> bool:
    """Whether to set it is to keep the value under its name. A foreign key's forgets the other row, too, where one is
    known; here none is."""
    return not hasattr(descriptor, "__set__") or type(descriptor) is ForeignKeyDeferredAttribute


class Instances:
    """Stands in for a model where Django asks for its `from_db`."""

    def __init__(self, model: type[Model]) -> None:
        self._model = model

    def from_db(self, using: str | None, names: Sequence[str], values: Iterable[Any]) -> Model:
        return from_row(self._model, using, names, values)
