"""The INSERT of one live row as a statement that is written once: the ORM compiles it anew for each row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import connections
from django.db.models import Field, Model

from tidewire.ground.conf import conf
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import are_inserts_deferred


def insert(model: type[Model], row: Model, fields: Sequence[Field[Any, Any]], using: str) -> bool:
    """Inserts the values of these fields into the table of `model` (the row's own, or a parent's), as `_do_insert` of
    Django's Model does. Returns False, and does nothing, where a value is an expression or a field writes SQL of its
    own, and elsewhere than on PostgreSQL."""
    connection = connections[using]
    if connection.vendor != "postgresql" or not conf.PREPARED_QUERIES:
        return False
    statement = _statement(model, tuple(fields))
    if statement is None:
        return False
    values = [field.pre_save(row, add=True) for field in fields]
    if any(hasattr(value, "resolve_expression") for value in values):
        return False
    params = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
    if are_inserts_deferred(connection):
        statement.run_with_next(connection, params)
    else:
        statement.execute(connection, params)
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
