"""Rows that contain what a query asks for, as a condition of a queryset."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, F, Func, Model, Value

from tidewire.search.indexes import COLUMN, fts_table, rows_table, text_configurations
from tidewire.search.words import Query, quoted, spellings

FREQUENT = 3000
"""Rows that SQLite sorts, with all that is shown of each, about as fast as it reads a hundred thousand in order."""


class Terms(NamedTuple):
    """A query as the database's search takes it. A word holds letters, digits and marks only, so nothing in it has a
    meaning there.

    wanted: the phrases that rows contain. unwanted: those that they must not contain, or None.
    is_frequent: whether very many rows match, or None where that makes no difference to the statement.
    """

    wanted: str
    is_frequent: bool | None
    unwanted: str | None


class Matches(Func):
    """True for the rows whose searched texts match. The three arguments are those of `Terms`."""

    def __init__(self, wanted: str, is_frequent: bool | None, unwanted: str | None) -> None:
        terms = [Value(term) for term in (wanted, is_frequent, unwanted)]
        super().__init__(F("pk"), *terms, output_field=BooleanField())

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> tuple[str, list[Any]]:
        """PostgreSQL chooses by itself whether it reads the index of words, or walks along the newest rows."""
        key, *terms = self.get_source_expressions()
        wanted, _, unwanted = (term.value for term in terms)
        names, quote = text_configurations(), connection.ops.quote_name
        query = "(" + " || ".join(f"websearch_to_tsquery('{name}', %s)" for name in names) + ")"
        matches = f"{quote(key.alias)}.{quote(COLUMN)} @@ {query}"
        given = [(sign, text) for sign, text in (("", wanted), ("NOT ", unwanted)) if text is not None]
        sql = " AND ".join(sign + matches for sign, _ in given)
        return f"({sql})", [text for _, text in given for _ in names]

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite would sort all rows that match. Where they are very many, a plus sign before the key makes it read
        rows in the order of the list instead, and look whether they match."""
        key, *terms = self.get_source_expressions()
        wanted, is_frequent, unwanted = (term.value for term in terms)
        quote, table = connection.ops.quote_name, key.target.model._meta.db_table
        values = [wanted] if unwanted is None else [wanted, unwanted]
        column, params = compiler.compile(key)
        rows, index = quote(rows_table(table)), quote(fts_table(table))
        found = f"SELECT rowid FROM {index} WHERE {index} MATCH ({' || '.join(['%s'] * len(values))})"
        sql = f"{'+' if is_frequent else ''}{column} IN (SELECT key FROM {rows} WHERE id IN ({found}))"
        return sql, [*params, *values]


def terms_of(query: Query, model: type[Model], using: str = DEFAULT_DB_ALIAS) -> Terms:
    """Returns the terms of a query of this model's rows. On SQLite it asks how many rows match, up to FREQUENT."""
    spelled = spellings(query)
    wanted = [quoted(each.wanted) for each in spelled]
    unwanted = list(dict.fromkeys(phrase for each in spelled for phrase in quoted(each.unwanted)))
    if connections[using].vendor == "sqlite":
        all_of = [f"({' AND '.join(phrases)})" for phrases in wanted]
        found = f"({' OR '.join(all_of)})"
        is_frequent = _is_frequent(found, fts_table(model._meta.db_table), using)
        return Terms(found, is_frequent or None, f" NOT ({' OR '.join(unwanted)})" if unwanted else None)
    return Terms(" or ".join(" ".join(phrases) for phrases in wanted), None, " or ".join(unwanted) or None)


def _is_frequent(wanted: str, table: str, using: str) -> bool:
    with connections[using].cursor() as cursor:
        index = connections[using].ops.quote_name(table)
        cursor.execute(f"SELECT 1 FROM {index} WHERE {index} MATCH %s LIMIT 1 OFFSET {FREQUENT}", [wanted])
        return cursor.fetchone() is not None
