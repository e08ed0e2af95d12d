"""Orders of rows, and cursors: the place of a row in such an order.

A cursor contains the value of the ordering column and the key of a row, and the direction to read from there. It is
opaque to clients. Any column can order rows: those without a value count as the greatest, on every database.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.core.exceptions import ValidationError as FieldError
from django.db.models import F, Field, Q, QuerySet
from django.utils.duration import duration_iso_string

FORWARD, BACK = "f", "b"


class Cursor(NamedTuple):
    """`value` and `key` are what JSON can hold; the column and the primary key turn them into Python's values."""

    direction: str
    ordering: str
    value: Any
    key: Any

    def encode(self) -> str:
        text = json.dumps(list(self))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Raises ValueError for a text that `encode` cannot have made."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            cursor = cls(*json.loads(raw))
        except (binascii.Error, TypeError, RecursionError) as error:
            raise ValueError("not a cursor") from error
        if cursor.encode() != text or cursor.direction not in (FORWARD, BACK):
            raise ValueError("not a cursor")
        return cursor


def as_json(value: Any) -> Any:
    """Returns a value of a column in the form of a cursor."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return duration_iso_string(value)
    return value.hex if isinstance(value, UUID) else str(value)


def as_value(field: Field[Any, Any], text: Any) -> Any:
    """Returns the value of this column that `as_json` made `text` of. Raises ValueError for any other text."""
    try:
        value = field.to_python(text)
        is_equal = value is not None and as_json(value) == text and type(as_json(value)) is type(text)
    except (FieldError, TypeError, OverflowError, RecursionError, ArithmeticError) as error:
        raise ValueError("not a value of this column") from error
    if not is_equal:
        raise ValueError("not a value of this column")
    return value


class Column(NamedTuple):
    field: Field[Any, Any]
    is_nullable: bool


def column_of(queryset: QuerySet[Any], name: str) -> Column:
    """Returns the column that a list is ordered by.

    `name` is a column's (`name`, `author_id`), an annotation's, or leads through relations (`author__name`).
    """
    if name in queryset.query.annotations:
        return Column(queryset.query.annotations[name].output_field, True)
    model, is_nullable = queryset.model, False
    field = cast("Any", model._meta.pk)
    for part in name.split("__"):
        field = cast("Any", model._meta.pk if part == "pk" else model._meta.get_field(part))
        model, is_nullable = field.related_model or model, is_nullable or field.null
    return Column(getattr(field, "target_field", field), is_nullable)


class Order(NamedTuple):
    """The order of a list's rows, and the side of a cursor: rows after it in this order.

    Where the column can be empty, such rows count as the greatest.
    """

    field: str
    is_nullable: bool
    is_descending: bool

    def reverse(self) -> Order:
        return self._replace(is_descending=not self.is_descending)

    def page(self, queryset: QuerySet[Any], limit: int) -> QuerySet[Any]:
        """Returns the first rows."""
        return queryset.order_by(*self._terms())[:limit]

    def page_after(self, queryset: QuerySet[Any], value: Any, key: Any, limit: int) -> QuerySet[Any]:
        """Returns the first rows after the one with this value and primary key."""
        return self.page(self._beyond(queryset, value, key), limit)

    def _terms(self) -> list[Any]:
        """The terms of ORDER BY. Where the column can be empty, they say where such rows stand."""
        sign = "-" if self.is_descending else ""
        if not self.is_nullable:
            return [f"{sign}{self.field}", f"{sign}pk"]
        column = F(self.field)
        return [column.desc(nulls_first=True) if self.is_descending else column.asc(nulls_last=True), f"{sign}pk"]

    def _beyond(self, queryset: QuerySet[Any], value: Any, key: Any) -> QuerySet[Any]:
        """The rows after the cursor. The first condition follows from the second: it lets the index be used."""
        after, empty = "lt" if self.is_descending else "gt", Q(**{f"{self.field}__isnull": True})
        if value is None:
            beside = empty & Q(**{f"pk__{after}": key})
            return queryset.filter(beside | ~empty if self.is_descending else beside)
        near, far = Q(**{f"{self.field}__{after}e": value}), Q(**{f"{self.field}__{after}": value})
        beside = Q(**{self.field: value, f"pk__{after}": key})
        if self.is_nullable and not self.is_descending:
            return queryset.filter(far | beside | empty)
        return queryset.filter(near, far | beside)
