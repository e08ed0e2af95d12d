"""Keyset pages: a page begins after a row, not at a number, so rows that come or go meanwhile shift nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Any

from django.core.exceptions import ValidationError as FieldError
from django.db.models import Model
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from tidewire.rest.keysets import BACK, FORWARD, Column, Cursor, Order, as_json, as_value, column_of
from tidewire.rest.parameters import number, single
from tidewire.rest.prepared_pages import PreparedPages

REL = {"next": "next", "previous": "prev"}


def default_ordering(view: Any) -> str:
    return f"{'-' if getattr(view, 'is_newest_first', True) else ''}{getattr(view, 'order_field', 'pk')}"


def orderings(view: Any) -> list[str]:
    """Returns the values that `?ordering=` may have."""
    names = getattr(view, "orderings", ()) or ()
    return [f"{sign}{name}" for name in names for sign in ("", "-")] or [default_ordering(view)]


class KeysetPagination(BasePagination):
    """Pages in the order of `order_field` and `is_newest_first` of the view, or of one of its `orderings`.

    A cursor is valid for the ordering that it was made with. Without `order_field` the primary key orders the rows.
    `?around=` asks for the page that has a row in its middle, by the view's `row_key`.
    """

    default_limit = 50
    max_limit = 100

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        """Returns the rows of the page, as DRF's paginators do."""
        order = self._begin(partial(column_of, queryset), request, view)
        key = single(request, "around")
        if key is not None:
            return self._page_around(queryset, order, key, getattr(view, "row_key", "pk"))
        if self.cursor is None:
            rows = order.page(queryset, self.limit + 1)
        else:
            rows = order.page_after(queryset, self.cursor.value, self.cursor.key, self.limit + 1)
        page = list(rows)
        self._end([(self._value(row), row.pk) for row in page])
        page = page[: self.limit]
        return page[::-1] if self.is_back else page

    def paginate_prepared(self, pages: PreparedPages, parameters: Sequence[Any], request: Any, view: Any) -> list[Any]:
        """Returns the JSON values of the rows of the page, whose query has these parameters."""
        order = self._begin(partial(pages.column, parameters=parameters), request, view)
        rows = pages.rows(order, self.cursor, parameters, self.limit + 1)
        value, key = tuple(self.field.split("__")), ("pk",)
        self._end([(rows.value(place, value), rows.value(place, key)) for place in range(len(rows))])
        data = rows.data[: self.limit]
        return data[::-1] if self.is_back else data

    def _begin(self, column_named: Callable[[str], Column], request: Any, view: Any) -> Order:
        """Reads the request. Returns the order in which the query reads the rows."""
        self.request = request
        self.field, self.is_newest_first = self._ordering(view)
        column = column_named(self.field)
        self.cursor = self._cursor(column, column_named("pk"))
        self.limit = number(request, "limit", self.default_limit, 1, self.max_limit)
        self.is_back = self.cursor is not None and self.cursor.direction == BACK
        return Order(self.field, column.is_nullable, self.is_newest_first != self.is_back)

    def _end(self, keys: list[tuple[Any, Any]]) -> None:
        """Keeps what the links need, of the (value, primary key) of the rows that were read: one more than a page."""
        has_more = len(keys) > self.limit
        keys = keys[: self.limit]
        self.ends = (keys[0], keys[-1]) if keys else None
        if self.ends and self.is_back:
            self.ends = self.ends[::-1]
        # In the direction that the client comes from there is at least the row of the cursor.
        self.has_next = has_more or self.is_back
        self.has_previous = has_more if self.is_back else self.cursor is not None

    def _page_around(self, queryset: Any, order: Order, key: str, name: str) -> list[Any]:
        """Returns the row with this key, with as many rows before and after it as the page has room for."""
        if self.cursor is not None:
            raise ValidationError({"around": ["Must be given without a cursor."]})
        row = _row_of(queryset, name, key)
        others, place, room = queryset.exclude(pk=row.pk), (self._value(row), row.pk), self.limit // 2
        before = list(order.reverse().page_after(others, *place, room + 1))
        after = list(order.page_after(others, *place, self.limit - room))
        self.has_previous, self.has_next = len(before) > room, len(after) > self.limit - 1 - room
        page = [*before[:room][::-1], row, *after[: self.limit - 1 - room]]
        self.ends = ((self._value(page[0]), page[0].pk), (self._value(page[-1]), page[-1].pk))
        return page

    def get_paginated_response(self, data: Any) -> Response:
        links = {"next": self._link(FORWARD, -1, self.has_next), "previous": self._link(BACK, 0, self.has_previous)}
        found = [f'<{address}>; rel="{REL[name]}"' for name, address in links.items() if address]
        return Response({**links, "results": data}, headers={"Link": ", ".join(found)} if found else None)

    def _value(self, row: Any) -> Any:
        """Returns the value of a row that orders it."""
        value = reduce(lambda part, name: getattr(part, name, None), self.field.split("__"), row)
        return value.pk if isinstance(value, Model) else value

    def _link(self, direction: str, end: int, is_there: bool) -> str | None:
        if not (is_there and self.ends):
            return None
        value, key = self.ends[end]
        cursor = Cursor(direction, self.ordering, as_json(value), as_json(key))
        address = self.request.build_absolute_uri()
        if "around" in self.request.query_params:
            address = remove_query_param(address, "around")
        return replace_query_param(address, "cursor", cursor.encode())

    def _cursor(self, column: Column, key: Column) -> Cursor | None:
        """Returns the cursor of the request with Python's values, which those of these columns may be."""
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
            value = None if cursor.value is None else as_value(column.field, cursor.value)
            return cursor._replace(value=value, key=as_value(key.field, cursor.key))
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
            {
                "name": "around",
                "in": "query",
                "description": "The key of a row: the page has it in its middle. Not with `cursor`.",
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


def _row_of(queryset: Any, name: str, key: str) -> Any:
    """Returns the row of the list with this key. Raises ValidationError where there is none."""
    field = column_of(queryset, name).field
    try:
        value = field.to_python(key)
        field.run_validators(value)
        row = queryset.filter(**{name: value}).first() if "\0" not in key else None
    except (FieldError, ValueError, OverflowError):
        row = None
    if row is None:
        raise ValidationError({"around": [ErrorDetail("This list has no such row.", "not_in_list")]})
    return row
