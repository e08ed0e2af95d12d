"""A start-up check of the database itself.

Django runs it where it may use the database: in `migrate`, in `serve`, and in `check --database default`. A server that
runs no checks by itself passes `databases` to `run_checks`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core import checks
from django.db import DatabaseError, connections

from tidewire.log.database import log_alias

OLD_TABLE = "realtime_stream"
"""The log's table of streams while the engine was called `realtime`."""


@checks.register("tidewire", checks.Tags.database)
def check_database(
    app_configs: Any, databases: Collection[str] | None = None, **kwargs: Any
) -> list[checks.CheckMessage]:
    """Refuses a database with the tables of an engine called `realtime`: its streams would be left behind silently."""
    alias = log_alias()
    if alias not in (databases or ()) or not _has_table(alias, OLD_TABLE):
        return []
    return [
        checks.Error(
            f"the database {alias!r} was made by an earlier state of Tidewire: it has a table {OLD_TABLE!r}",
            hint="No release ever had that table, so there is no upgrade. Use a fresh database: delete the SQLite file "
            "or create another database in PostgreSQL, and run `manage.py migrate`.",
            id="tidewire.E004",
        )
    ]


def _has_table(alias: str, table: str) -> bool:
    """Asks the database for the names of its tables, once. A database that is away has none."""
    connection = connections[alias]
    was_open = connection.connection is not None
    try:
        with connection.cursor() as cursor:
            return table in connection.introspection.table_names(cursor)
    except DatabaseError:
        return False
    finally:
        if not was_open:
            connection.close()
