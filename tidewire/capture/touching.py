"""`touch`: events of writes that are not noticed."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet

from tidewire.capture import bulk
from tidewire.capture.rows import every
from tidewire.declare.registry import registry


def touch(rows: QuerySet[Any] | Model, intent: str | None = None) -> int:
    """Tells the present state of rows that something wrote unnoticed: raw SQL, a data migration, another program.

    `rows` is a queryset of a live model, or one row. Their versions are raised, and each becomes an event as if it had
    been updated; `intent` names the event instead. Returns how many rows there are. Raises ValueError for a model that
    is not live. Rows that were deleted unnoticed cannot be touched.
    """
    if isinstance(rows, Model):
        rows = every(type(rows), rows._state.db or "default").filter(pk=rows.pk)
    if not registry.lives_of(rows.model):
        raise ValueError(f"{rows.model.__name__} is not live: no declaration names it")
    return bulk.touch(rows, intent)
