"""Example rows: instances that were never saved, with a value in every column, to try a declaration without data."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar, cast

from django.conf import settings
from django.db import connections, models
from django.utils import timezone

M = TypeVar("M", bound=models.Model)

DEPTH = 3
"""So many foreign keys are followed."""

_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class DatabaseAsked(Exception):
    """The code that was tried asked the database, which start-up checks do not."""


def example_row(model: type[M], depth: int = DEPTH) -> M:
    """Returns an instance of the model with a value in every column, and with example rows as what it refers to."""
    row = model()
    for field in model._meta.concrete_fields:
        if field.remote_field is not None:
            if depth:
                setattr(row, field.name, example_row(field.remote_field.model, depth - 1))
        elif getattr(row, field.attname) in (None, ""):
            setattr(row, field.attname, example_value(field))
    row._state.adding = False
    return row


def put_what_a_query_adds(row: models.Model, rows: models.QuerySet[Any]) -> None:
    """Puts on an example row what this query would put on it: annotations, and lists of prefetched rows."""
    for name, annotation in rows.query.annotations.items():
        setattr(row, name, example_value(annotation.output_field))
    for lookup in getattr(rows, "_prefetch_related_lookups", ()):
        if getattr(lookup, "to_attr", None):
            setattr(row, lookup.to_attr, [])


def put_related_rows(row: models.Model) -> None:
    """Puts one example row at the far side of every relation to many rows, as if it had been prefetched."""
    cache: dict[str, Any] = {}
    fields: Any = row._meta.get_fields()
    for field in fields:
        if not (field.one_to_many or field.many_to_many) or field.related_model in (None, "self"):
            continue
        if field.auto_created:  # the far side of a foreign key or of a many-to-many field of another model
            name = field.get_accessor_name() if field.one_to_many else field.field.related_query_name()
        else:
            name = field.name
        related: Any = field.related_model
        found = related._base_manager.none()
        found._result_cache, found._prefetch_done = [example_row(related, 1)], True
        cache[str(name)] = found
    cast(Any, row)._prefetched_objects_cache = cache


def example_value(field: models.Field[Any, Any]) -> Any:
    """Returns a value that a row may have in this column."""
    if hasattr(field, "from_db_value"):  # values of a class of its own
        return field.get_default()
    if field.choices:
        return next(iter(dict(field.flatchoices)))
    match field:
        case models.DateTimeField():
            return _AT if settings.USE_TZ else timezone.make_naive(_AT, UTC)
        case models.DateField():
            return date(2026, 1, 2)
        case models.TimeField():
            return time(3, 4, 5)
        case models.DurationField():
            return timedelta(seconds=1)
        case models.UUIDField():
            return uuid.UUID("01910000-0000-7000-8000-000000000001")
        case models.DecimalField():
            return Decimal(1)
        case models.FloatField():
            return 1.0
        case models.BooleanField():
            return False
        case models.IntegerField() | models.AutoField():
            return 1
        case models.BinaryField():
            return b""
        case models.GenericIPAddressField():
            return "192.0.2.1"
        case models.EmailField():
            return "one@example.com"
        case models.CharField() | models.TextField():
            return "example"[: field.max_length]
        case _:
            return field.get_default()


@contextmanager
def without_database() -> Iterator[None]:
    """Raises DatabaseAsked for every query inside the block: there may be no database yet, and no table."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise DatabaseAsked

    guarded = [(connection, name) for connection in connections.all() for name in ("cursor", "chunked_cursor")]
    for connection, name in guarded:
        setattr(connection, name, refuse)
    try:
        yield
    finally:
        for connection, name in guarded:
            delattr(connection, name)
