"""Rows of another table as one value of a row: what a prefetch would need a second query and instances for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F, JSONField, QuerySet, Subquery, UUIDField

_TEMPLATES = {
    "postgresql": "(SELECT json_agg(json_build_array({columns}))::text FROM (%(subquery)s) rows_)",
    "sqlite": "(SELECT json_group_array(json_array({columns})) FROM (%(subquery)s) rows_)",
}


class RelatedRows(Subquery):
    """The rows of a queryset as a list of lists, which hold the named columns. The order is that of the queryset.

        Ticket.objects.annotate(tags=RelatedRows(Tag.objects.filter(ticket=OuterRef("pk")).order_by("name"), "name"))

    `into` makes the value of an annotation from the list; without it the value is the list itself. A column holds
    texts, integers, ids (which become text) or None.
    """

    def __init__(self, queryset: QuerySet[Any], *columns: str, into: Callable[[list[Any]], Any] | None = None) -> None:
        self.into = into
        self.names = [f"column{number}" for number in range(len(columns))]
        named: Any = {name: F(column) for name, column in zip(self.names, columns, strict=True)}
        super().__init__(queryset.values(**named), output_field=JSONField())

    def as_sql(self, compiler: Any, connection: Any, template: str | None = None, **extra_context: Any) -> Any:
        columns = ", ".join(self.names)
        template = _TEMPLATES[connection.vendor].format(columns=columns)
        return super().as_sql(compiler, connection, template=template, **extra_context)

    def get_db_converters(self, connection: Any) -> list[Callable[..., Any]]:
        are_texts = connection.features.has_native_uuid_field
        return [_Decoder([] if are_texts else self._ids(), self.into)]

    def _ids(self) -> list[int]:
        """Returns the places of the columns that hold ids."""
        fields: list[Any] = [self.query.annotations[name].output_field for name in self.names]
        while relations := [place for place, field in enumerate(fields) if field.is_relation]:
            for place in relations:
                fields[place] = fields[place].target_field
        return [place for place, field in enumerate(fields) if isinstance(field, UUIDField)]


class _Decoder:
    """Makes the value of a row from its JSON text, as Django's converters do: (value, expression, connection)."""

    def __init__(self, ids: list[int], into: Callable[[list[Any]], Any] | None) -> None:
        self._ids, self._into = ids, into

    def __call__(self, value: str | None, expression: Any, connection: Any) -> Any:
        rows = [] if value is None or value == "[]" else msgspec.json.decode(value)
        for row in rows:
            for place in self._ids:
                row[place] = None if row[place] is None else str(UUID(row[place]))
        return rows if self._into is None else self._into(rows)
