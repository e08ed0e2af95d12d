"""Rows by their keys, whatever the managers of their model hide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)
T = TypeVar("T")

CHUNK = 500
"""How many keys go into one statement: below SQLite's bound on variables."""


def chunks(items: Iterable[T]) -> Iterator[list[T]]:
    """Yields the items in lists that are short enough for one statement."""
    items = list(items)
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def every(model: type[M], using: str) -> models.QuerySet[M]:
    """Returns all rows of a model. A manager may hide some, and a base manager too."""
    return models.QuerySet(model, using=using)


def by_key(model: type[M], pks: Iterable[Any], using: str) -> list[M]:
    """Returns the rows with these keys."""
    return [row for chunk in chunks(pks) for row in every(model, using).filter(pk__in=chunk)]


def locked(queryset: models.QuerySet[M], *columns: str, related: Iterable[str] = ()) -> list[M]:
    """Returns the rows that a queryset matches, with these columns (or all), locked where the database locks rows.

    They are locked in the order of their keys, so that two writers of the same rows do not wait for each other in a
    circle. The lock is the one that an UPDATE takes. A stronger one would conflict with the insertion of rows that
    refer to these. `related` are the relations to read in the same query.
    """
    rows: Any = queryset.order_by()
    is_plain = rows._fields is None and not (rows.query.distinct or rows.query.group_by or rows.query.combinator)
    rows = rows if is_plain else every(rows.model, rows.db).filter(pk__in=rows.values("pk"))
    rows = rows.select_related(None).prefetch_related(None).defer(None).order_by("pk")
    rows = rows.only(*columns) if columns else rows.select_related(*related) if related else rows
    # A relation's queryset (`room.messages`) sets its parent on each row. It reads the column for that, which is a
    # query for each row when the column is not among `columns`.
    rows._known_related_objects = {}
    return list({row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}.values())
