"""Keyset pages: a page begins after a row, not at a number, so rows that come or go meanwhile shift nothing.

A cursor contains the value of the ordering column and the key of a row, and the direction to read from there. It is
opaque to clients. Any column can order a list: rows without a value count as the greatest, on every database.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.core.exceptions import ValidationError as FieldError
from django.db.models import F, Field, Model, Q, QuerySet
from django.utils.duration import duration_iso_string
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tidewire.rest.parameters import number, single

FORWARD, BACK = "f", "b"
REL = {"next": "next", "previous": "prev"}


def default_ordering(view: Any) -> str:
    return f"{'-' if getattr(view, 'is_newest_first', True) else ''}{getattr(view, 'order_field', 'pk')}"


def orderings(view: Any) -> list[str]:
    """Returns the values that `?ordering=` may have."""
    names = getattr(view, "orderings", ()) or ()
    return [f"{sign}{name}" for name in names for sign in ("", "-")] or [default_ordering(view)]


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


def column_of(queryset: QuerySet[Any], name: str) -> tuple[Field[Any, Any], bool]:
    """Returns the column that a list is ordered by, and whether it may be empty.

    `name` is a column's (`name`, `author_id`), an annotation's, or leads through relations (`author__name`).
    """
    if name in queryset.query.annotations:
        return queryset.query.annotations[name].output_field, True
    model, is_nullable = queryset.model, False
    field = cast("Any", model._meta.pk)
    for part in name.split("__"):
        field = cast("Any", model._meta.pk if part == "pk" else model._meta.get_field(part))
        model, is_nullable = field.related_model or model, is_nullable or field.null
    return getattr(field, "target_field", field), is_nullable


class KeysetPagination(BasePagination):
    """Pages in the order of `order_field` and `is_newest_first` of the view, or of one of its `orderings`.

    A cursor is valid for the ordering that it was made with. Without `order_field` the primary key orders the rows.
    """

    default_limit = 50
    max_limit = 100

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.request = request
        self.field, self.is_newest_first = self._ordering(view)
        self.column, self.is_nullable = column_of(queryset, self.field)
        self.cursor = self._cursor(queryset.model._meta.pk)
        self.limit = number(request, "limit", self.default_limit, 1, self.max_limit)
        is_back = self.cursor is not None and self.cursor.direction == BACK
        is_descending = self.is_newest_first != is_back
        rows = self._beyond(queryset, is_descending).order_by(*self._order(is_descending))
        page = list(rows[: self.limit + 1])
        has_more = len(page) > self.limit
        page = page[: self.limit]
        if is_back:
            page.reverse()
        # In the direction that the client comes from there is at least the row of the cursor.
        self.has_next = has_more or is_back
        self.has_previous = has_more if is_back else self.cursor is not None
        self.page = page
        return page

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self._link(FORWARD, -1, self.has_next), "previous": self._link(BACK, 0, self.has_previous)}
        found = [f'<{address}>; rel="{REL[name]}"' for name, address in links.items() if address]
        return Response({**links, "results": data}, headers={"Link": ", ".join(found)} if found else None)

    def _order(self, is_descending: bool) -> list[Any]:
        """The terms of ORDER BY. Where the column can be empty, they say where such rows stand."""
        sign = "-" if is_descending else ""
        if not self.is_nullable:
            return [f"{sign}{self.field}", f"{sign}pk"]
        column = F(self.field)
        return [column.desc(nulls_first=True) if is_descending else column.asc(nulls_last=True), f"{sign}pk"]

    def _beyond(self, queryset: QuerySet, is_descending: bool) -> QuerySet:
        """The rows after the cursor. The first condition follows from the second: it lets the index be used."""
        if self.cursor is None:
            return queryset
        after, value, key = "lt" if is_descending else "gt", self.cursor.value, self.cursor.key
        empty = Q(**{f"{self.field}__isnull": True})
        if value is None:
            beside = empty & Q(**{f"pk__{after}": key})
            return queryset.filter(beside | ~empty if is_descending else beside)
        near, far = Q(**{f"{self.field}__{after}e": value}), Q(**{f"{self.field}__{after}": value})
        beside = Q(**{self.field: value, f"pk__{after}": key})
        if self.is_nullable and not is_descending:
            return queryset.filter(far | beside | empty)
        return queryset.filter(near, far | beside)

    def _link(self, direction: str, index: int, is_there: bool) -> str | None:
        if not (is_there and self.page):
            return None
        row = self.page[index]
        value = reduce(lambda part, name: getattr(part, name, None), self.field.split("__"), row)
        if isinstance(value, Model):
            value = getattr(value, self.column.attname)
        cursor = Cursor(direction, self.ordering, as_json(value), as_json(row.pk))
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor.encode())

    def _cursor(self, key: Field[Any, Any]) -> Cursor | None:
        """Returns the cursor of the request with Python's values, for rows with this primary key."""
        text = single(self.request, "cursor")
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text)
        except ValueError:
            raise ValidationError({"cursor": ["Invalid cursor."]}) from None
        if cursor.ordering != self.ordering:
            raise ValidationError({"cursor": ["This cursor is of another ordering."]})
        try:
            value = None if cursor.value is None else as_value(self.column, cursor.value)
            return cursor._replace(value=value, key=as_value(key, cursor.key))
        except ValueError:
            raise ValidationError({"cursor": ["Invalid cursor."]}) from None

    def _ordering(self, view: Any) -> tuple[str, bool]:
        """Returns (field, whether the newest rows come first)."""
        text, allowed = single(self.request, "ordering"), orderings(view)
        text = default_ordering(view) if text is None else text
        if text not in allowed:
            raise ValidationError({"ordering": [f"Must be one of {', '.join(allowed)}."]})
        return text.removeprefix("-"), text.startswith("-")

    @property
    def ordering(self) -> str:
        return f"{'-' if self.is_newest_first else ''}{self.field}"

    # -- for openapi.yaml --------------------------------------------------------------------------------------------

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        return [
            {
                "name": "cursor",
                "in": "query",
                "description": "The cursor of a page, from `next` or `previous`.",
                "schema": {"type": "string"},
            },
            {"name": "limit", "in": "query", "description": "Rows per page.", "schema": limit},
            *self._ordering_parameter(view),
        ]

    def _ordering_parameter(self, view: Any) -> list[dict[str, Any]]:
        if not getattr(view, "orderings", ()):
            return []
        schema = {"type": "string", "enum": orderings(view), "default": default_ordering(view)}
        text = "The order of the rows; a minus sign means descending."
        return [{"name": "ordering", "in": "query", "description": text, "schema": schema}]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        stream = {"oneOf": [{"$ref": "#/components/schemas/Position"}, {"type": "null"}]}
        properties = {"next": link, "previous": link, "results": schema, "stream": stream}
        return {"type": "object", "required": list(properties), "properties": properties}
