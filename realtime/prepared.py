"""Statements that PostgreSQL parses and plans once in each connection, for the few that every write asks.

By name, and not as the protocol has it: a text may hold several of them, with whatever else goes the same way. They are
the session's, so a pooler that gives each transaction another session has none of them: the first error that says so
ends their use in this process, and whoever asked starts again.
"""

from __future__ import annotations

import itertools
import logging

from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

UNKNOWN = "26000"
"""The SQLSTATE of a name that the session does not know."""

is_used = True
"""Whether sessions keep what was prepared in them, as far as we know."""

_numbers = itertools.count(1)


class Prepared:
    """One statement, with `%s` in the place of each of its `count` parameters."""

    def __init__(self, sql: str, count: int) -> None:
        self.sql, self._count = sql, count

    def text(self, connection: BaseDatabaseWrapper) -> str:
        """What to execute, with the same parameters. Where nothing can be prepared, or somebody reads along: itself."""
        names: dict[Prepared, str] | None = getattr(connection.connection, "prepared", None)
        if names is None or not is_used or connection.queries_logged:
            return self.sql
        return names.get(self) or names.setdefault(self, self._prepare(connection))

    def _prepare(self, connection: BaseDatabaseWrapper) -> str:
        name = f"tidewire_{connection.connection.token}_{next(_numbers)}"
        places = tuple(f"${number + 1}" for number in range(self._count))
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name} AS {self.sql % places}")
        return f"EXECUTE {name} ({', '.join(['%s'] * self._count)})"


def note_error(sqlstate: str | None) -> None:
    """Called with what a statement failed with."""
    global is_used
    if sqlstate == UNKNOWN and is_used:
        is_used = False
        logger.warning("this database's sessions keep no prepared statements: there is a pooler, so none are used")
