"""The INSERT of one live row, which is written down once: the ORM takes longer to do it than PostgreSQL to insert."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.db import connections
from django.db.models import Field, Model

from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import is_deferring_inserts


def insert(model: type[Model], row: Model, fields: Sequence[Field], using: str) -> bool:
    """Inserts these fields into the table of `model`, the row's own or a parent's, as `Model.save` does. False, and
    nothing done, where it takes more than values."""
    connection = connections[using]
    statement = _statement(model, tuple(fields)) if connection.vendor == "postgresql" else None
    if statement is None:
        return False
    values = [field.pre_save(row, add=True) for field in fields]
    if any(hasattr(value, "resolve_expression") for value in values):
        return False
    params = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values, strict=True)]
    if is_deferring_inserts(connection):
        statement.run_with_next(connection, params)
    else:
        statement.execute(connection, params)
    return True


@cache
def _statement(model: type[Model], fields: tuple[Field, ...]) -> PreparedStatement | None:
    """None where a field says how its value is to be written."""
    if any(hasattr(field, "get_placeholder") for field in fields):
        return None
    columns = ", ".join(_quoted(field.column) for field in fields)
    places = ", ".join(["%s"] * len(fields))
    return PreparedStatement(f"INSERT INTO {_quoted(model._meta.db_table)} ({columns}) VALUES ({places})", len(fields))


def _quoted(name: str) -> str:
    """As PostgreSQL wants a name, and `Prepared` a statement."""
    return name if name.startswith('"') else '"{}"'.format(name.replace("%", "%%"))
