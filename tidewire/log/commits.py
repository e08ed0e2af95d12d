"""Whether another connection has committed: the cheapest sign, on SQLite, that something was written elsewhere."""

from __future__ import annotations

from typing import Any

from django.db import connections


def data_version(using: str) -> int:
    """Returns a number that has changed when another connection has committed since this thread asked last. Only the
    numbers of one thread can be compared. SQLite only."""
    with connections[using].cursor() as cursor:
        return cursor.execute("PRAGMA data_version").fetchone()[0]


def are_shown(using: str) -> bool:
    """Returns whether `data_version` can be asked: the database is a file of SQLite."""
    connection: Any = connections[using]
    return connection.vendor == "sqlite" and not connection.is_in_memory_db()
