"""The INSERT of a live row, written without the ORM, so that it can wait for the next statement.

The ORM runs each INSERT at once. Here its statement is made once for a model, and only where inserts are deferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import Field, Model

from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import are_inserts_deferred


def defer_insert(model: type[Model], row: Model, fields: Sequence[Field[Any, Any]], using: str) -> bool:
    """Leaves the INSERT of these fields into the table of `model` (the row's own, or a parent's) to the next statement.

    Returns False, and does nothing, outside `deferred_inserts`, and where it takes more than values: a value is an
    expression, or a field writes SQL of its own. Django then inserts the row.
    """
    connection = connections[using]
    statement = _statement(model, tuple(fields)) if are_inserts_deferred(connection) else None
    if statement is None:
        return False
    values = [field.pre_save(row, add=True) for field in fields]
    if any(hasattr(value, "resolve_expression") for value in values):
        return False
    params = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
    statement.run_with_next(connection, params)
    return True


@cache
def _statement(model: type[Model], fields: tuple[Field[Any, Any], ...]) -> PreparedStatement | None:
    if any(hasattr(field, "get_placeholder") for field in fields):
        return None
    columns = ", ".join(_quoted(field.column) for field in fields if field.column)
    places = ", ".join(["%s"] * len(fields))
    sql = f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) VALUES ({places})"
    return PreparedStatement(sql, ["unknown"] * len(fields))


def _quoted(name: str) -> str:
    """Quotes a name for a statement with parameters."""
    return name if name.startswith('"') else '"{}"'.format(name.replace("%", "%%"))
