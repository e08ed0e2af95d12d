"""Keyset pages: a page begins after a row, not at a number, so rows that come or go meanwhile shift nothing.

A cursor contains the (time, id) of a row and the direction to read from there. It is opaque to clients.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from tidewire.rest.parameters import number, single

FORWARD, BACK = "f", "b"
REL = {"next": "next", "previous": "prev"}


def default_ordering(view: Any) -> str:
    return f"{'-' if view.is_newest_first else ''}{view.order_field}"


def orderings(view: Any) -> list[str]:
    """Returns the values that `?ordering=` may have."""
    names = getattr(view, "orderings", ()) or ()
    return [f"{sign}{name}" for name in names for sign in ("", "-")] or [default_ordering(view)]


class Cursor(NamedTuple):
    direction: str
    ordering: str
    at: datetime
    id: UUID

    def encode(self) -> str:
        text = json.dumps([self.direction, self.ordering, self.at.isoformat(), self.id.hex])
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Raises ValueError for a text that `encode` cannot have made."""
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            direction, ordering, at, id = json.loads(raw)
            cursor = cls(direction, ordering, datetime.fromisoformat(at), UUID(hex=id))
        except (binascii.Error, TypeError, AttributeError, RecursionError) as error:
            raise ValueError("not a cursor") from error
        if cursor.encode() != text or direction not in (FORWARD, BACK) or cursor.at.utcoffset() != timedelta():
            raise ValueError("not a cursor")
        return cursor


class KeysetPagination(BasePagination):
    """Pages in the order of `order_field` and `is_newest_first` of the view, or of one of its `orderings`.

    A cursor is valid for the ordering that it was made with.
    """

    default_limit = 50
    max_limit = 100

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> list[Any]:
        self.request = request
        self.field, self.is_newest_first = self._ordering(view)
        self.cursor = self._cursor()
        self.limit = number(request, "limit", self.default_limit, 1, self.max_limit)
        is_back = self.cursor is not None and self.cursor.direction == BACK
        is_descending = self.is_newest_first != is_back
        sign = "-" if is_descending else ""
        rows = self._beyond(queryset, is_descending).order_by(f"{sign}{self.field}", f"{sign}id")
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

    def _beyond(self, queryset: QuerySet, is_descending: bool) -> QuerySet:
        """The rows after the cursor. The first condition follows from the second: it lets the index be used."""
        if self.cursor is None:
            return queryset
        after = "lt" if is_descending else "gt"
        at, id = self.cursor.at, self.cursor.id
        return queryset.filter(
            Q(**{f"{self.field}__{after}e": at}),
            Q(**{f"{self.field}__{after}": at}) | Q(**{self.field: at, f"id__{after}": id}),
        )

    def _link(self, direction: str, index: int, is_there: bool) -> str | None:
        if not (is_there and self.page):
            return None
        row = self.page[index]
        cursor = Cursor(direction, self.ordering, getattr(row, self.field), row.pk)
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor.encode())

    def _cursor(self) -> Cursor | None:
        text = single(self.request, "cursor")
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text)
        except ValueError:
            raise ValidationError({"cursor": ["Invalid cursor."]}) from None
        if cursor.ordering != self.ordering:
            raise ValidationError({"cursor": ["This cursor is of another ordering."]})
        return cursor

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
