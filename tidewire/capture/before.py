"""What must be known of rows before they are written: they may move, or be hidden from their readers or shown again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from tidewire.capture import relations
from tidewire.capture.relatives import children_of, is_written, parents_of
from tidewire.capture.rows import every, locked
from tidewire.capture.versions import versions_of
from tidewire.declare.live import Live
from tidewire.declare.registry import registry

Model = type[models.Model]


@dataclass
class Before:
    """Rows as they are before a write, by their keys, and the keys of those that each declaration's readers see.

    Where neither is asked for, the rows hold their keys only.
    """

    rows: dict[Any, models.Model] = field(default_factory=dict)
    shown: dict[Live[Any], set[Any]] = field(default_factory=dict)
    is_moving: bool = False


def before_write(
    queryset: models.QuerySet[Any], names: Collection[str], using: str, *, is_whole: bool = False
) -> Before:
    """Locks the rows of a queryset, whose fields of these names will be written, and returns them as they are.

    With `is_whole` their columns are read in any case.
    """
    model = queryset.model
    lives = registry.lives_of(model)
    is_moving, hiding = may_move(model, names), [live for live in lives if live.may_hide]
    is_whole = is_whole or is_moving or bool(hiding)
    related = {live.stream.relation for live in lives} - {""}
    rows = locked(queryset, related=related) if is_whole else locked(queryset, "pk")
    return Before({row.pk: row for row in rows}, {live: live.shown(rows, using) for live in hiding}, is_moving)


def before_relatives(
    keys: Mapping[Model, Collection[Any]], names: Collection[str], using: str
) -> list[tuple[Model, Before]]:
    """Returns those of these rows of parents and children, by their models, whose columns are written together with
    the row of another table. `keys` are the keys of the row in the parents' and children's tables."""
    return [
        (other, before_write(every(other, using).filter(pk__in=list(pks)), names, using))
        for other, pks in keys.items()
        if is_related(other, names) and pks
    ]


def is_related(other: Model, names: Collection[str]) -> bool:
    """Returns whether a write of these fields matters to a parent or child."""
    return (is_noted(other) or bool(versions_of(other))) and is_written(other, names)


def may_move(model: Model, names: Collection[str]) -> bool:
    """Returns whether writing the fields of these names may move a row to another stream, parent, or end."""
    names = {*names}
    columns = registry.placing_columns(model) | {_attname(model, end.key) for end in relations.shown_ends(model)}
    return any(field.attname in columns and {field.name, field.attname} & names for field in model._meta.fields)


def all_names(model: Model) -> set[str]:
    """Returns the names of all columns of a model."""
    return {field.name for field in model._meta.concrete_fields}


def is_noted(model: Model) -> bool:
    """Returns whether a change of a row of this very model may be an event."""
    return bool(registry.lives_of(model) or registry.touches_of(model) or relations.shown_ends(model))


def concerns(model: Model, names: Iterable[str]) -> bool:
    """Returns whether a write of these fields raises the versions: a declaration counts it, or there is none.

    The same columns may be those of parents and children.
    """
    family = (model, *parents_of(model), *children_of(model))
    lives = [live for relative in family for live in registry.lives_of(relative)]
    names = field_names(model, names)
    return not lives or any(live.concerns(names) for live in lives)


def field_names(model: Model, names: Iterable[str]) -> set[str]:
    """Returns these names with those of columns (`board_id`) replaced by those of their fields (`board`)."""
    known = {field.attname: field.name for field in model._meta.concrete_fields}
    return {model._meta.pk.name if name == "pk" else known.get(name, name) for name in names}


def _attname(model: Model, name: str) -> str:
    field: Any = model._meta.get_field(name)
    return field.attname
