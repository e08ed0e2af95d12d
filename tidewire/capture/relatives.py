"""Tables that one write changes together: those of multi-table inheritance."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any, cast

from django.apps import apps
from django.db.models import Model

from tidewire.capture.rows import chunks, every


def concrete(model: type[Model]) -> type[Model]:
    """Returns the model itself, or the one that it is a proxy of."""
    return cast("type[Model]", model._meta.concrete_model)


@cache
def parents_of(model: type[Model]) -> tuple[type[Model], ...]:
    """Returns the models whose tables hold inherited columns of this one."""
    own = concrete(model)
    found = [concrete(parent) for parent in own._meta.all_parents]
    return tuple(dict.fromkeys(parent for parent in found if parent is not own))


@cache
def children_of(model: type[Model]) -> tuple[type[Model], ...]:
    """Returns the models that inherit columns from the table of this one."""
    return tuple(other for other in apps.get_models() if not other._meta.proxy and model in parents_of(other))


def is_written(model: type[Model], names: Collection[str]) -> bool:
    """Returns whether fields of these names are columns of the model, inherited or its own."""
    return any({field.name, field.attname} & {*names} for field in model._meta.concrete_fields)


def keys_in(other: type[Model], model: type[Model], pks: Iterable[Any], using: str) -> list[Any]:
    """Returns the keys that rows of `model` have in the table of a parent or a child of theirs."""
    if other in parents_of(model):
        rows, wanted, shared = model, "pk", other._meta.pk.attname
    else:
        rows, wanted, shared = other, model._meta.pk.attname, "pk"
    found = [
        every(rows, using).filter(**{f"{wanted}__in": chunk}).values_list(shared, flat=True) for chunk in chunks(pks)
    ]
    return [pk for chunk in found for pk in chunk if pk is not None]
