"""Lists whose pages are read by prepared queries, as JSON values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from rest_framework.serializers import BaseSerializer

from tidewire.declare.kinds import StreamKind
from tidewire.log.replicas import alias
from tidewire.queries.prepared_rows import PreparedRows, SerializedRows
from tidewire.rest.keysets import Column, Cursor, Order, column_of
from tidewire.rest.tags import Clock, Readings, digest_of

SIZES = (2, 11, 26, 51, 101)
"""So many rows are read, the least that are enough. The number is a part of the statement's text, and each text is
compiled in each thread: so a few texts serve all values of `limit`."""

TAGGED: list[PreparedPages] = []
"""All lists of this process that have an ETag, for the start-up checks."""


class PreparedPages:
    """The pages of a list: a prepared query for each order, before and after a cursor.

        MESSAGES = PreparedPages(lambda room_id: Message.objects.filter(room=room_id).whole(), MessageSerializer)

    With `told_by` the list has an ETag, and an unmoved list is a 304. It says that everything that the list shows is
    told by a stream of this kind or counted by one of the `clocks`, and that it shows the same to all readers. The
    start-up checks refuse a list that shows something else.
    """

    def __init__(
        self,
        build: Callable[..., QuerySet[Any]],
        serializer_class: type[BaseSerializer[Any]],
        told_by: StreamKind | None = None,
        clocks: tuple[Clock, ...] = (),
    ) -> None:
        self.build, self.serializer_class = build, serializer_class
        self.told_by, self.clocks = told_by, clocks
        self.readings = Readings(clocks)
        self._columns: dict[str, Column] = {}
        self._prepared: dict[tuple[Order, bool], PreparedRows[Any, Any]] = {}
        if told_by is not None:
            TAGGED.append(self)

    @cached_property
    def digest(self) -> str:
        """A text that changes with the fields of the rows."""
        return digest_of(self.serializer_class)

    def column(self, name: str, parameters: Sequence[Any]) -> Column:
        """Returns the column that the list is ordered by, see `column_of`."""
        if name not in self._columns:
            self._columns[name] = column_of(self.build(*parameters), name)
        return self._columns[name]

    def rows(self, order: Order, cursor: Cursor | None, parameters: Sequence[Any], limit: int) -> SerializedRows:
        """Returns the first rows of the query with these parameters, from its beginning or after the cursor."""
        prepared = self._prepared.get((order, cursor is not None))
        if prepared is None:
            prepared = self._prepared[order, cursor is not None] = self._page(order, cursor is not None)
        place = () if cursor is None else (cursor.value, cursor.key)
        size = next((size for size in SIZES if size >= limit), limit)
        return prepared.all(alias(), *parameters, *place, size).first(limit)

    def why_not(self, using: str, *parameters: Any) -> str:
        """Returns why a page needs instances; "" if it does not. See `PreparedRows.why_not`."""
        return PreparedRows(self.build, self.serializer_class).why_not(using, *parameters)

    def _page(self, order: Order, is_after: bool) -> PreparedRows[Any, Any]:
        def first(*values: Any) -> QuerySet[Any]:
            *parameters, limit = values
            return order.page(self.build(*parameters), limit)

        def after(*values: Any) -> QuerySet[Any]:
            *parameters, value, key, limit = values
            return order.page_after(self.build(*parameters), value, key, limit)

        kept = [tuple(order.field.split("__")), ("pk",)]
        return PreparedRows(after if is_after else first, self.serializer_class, kept)
