"""Statements that PostgreSQL parses and plans once in each session, for the few that every write asks.

By name, and not as the protocol has it: a text may hold several of them, with whatever else goes the same way. They are
the session's, so a pooler that gives each transaction another session has none of them: the first error that says so
ends their use in this process, and whoever asked starts again.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.queries.errors import is_lost_statement, is_unknown_statement
from tidewire.queries.round_trips import joined, run_with_next, takes_several

logger = logging.getLogger(__name__)

is_used = True
"""Whether sessions keep what was prepared in them, as far as we know."""

_numbers = itertools.count(1)


class PreparedStatement:
    """One statement, with `%s` in the place of each of its `count` parameters."""

    def __init__(self, sql: str, count: int) -> None:
        self.sql, self._count = sql, count

    def text(self, connection: BaseDatabaseWrapper) -> str:
        """What to execute, with the same parameters. Where nothing can be prepared, or somebody reads along: itself."""
        names: dict[str, str] | None = getattr(connection.connection, "prepared", None)
        if names is None or not is_used or connection.queries_logged or not takes_several(connection):
            return self.sql
        return names.get(self.sql) or names.setdefault(self.sql, self._prepare(connection))

    def execute(self, connection: BaseDatabaseWrapper, params: Sequence[Any], then: str = "") -> Any:
        """Runs it, and `then` in the same text. Returns its cursor, whose rows are to be fetched at once: inside a
        transaction it is kept, because to make one takes as long as to ask."""
        text, cursor = self.text(connection), self._cursor(connection)
        cursor.execute(joined(text, then) if then else text, params)
        return cursor

    def run_with_next(self, connection: BaseDatabaseWrapper, params: Sequence[Any]) -> None:
        """Runs it no later than the next statement of this connection, from which its errors come."""
        run_with_next(connection, self.text(connection), list(params))

    def _cursor(self, connection: BaseDatabaseWrapper) -> Any:
        if connection.vendor != "postgresql" or connection.queries_logged or not connection.in_atomic_block:
            return connection.cursor()
        kept: dict[str, tuple[Any, Any]] = connection.__dict__.setdefault("tidewire_cursors", {})
        raw, cursor = kept.get(self.sql, (None, None))
        if raw is None or raw is not connection.connection:
            cursor = connection.cursor()
            kept[self.sql] = (connection.connection, cursor)
        return cursor

    def _prepare(self, connection: BaseDatabaseWrapper) -> str:
        name = f"tidewire_{connection.connection.token}_{next(_numbers)}"
        places = tuple(f"${number + 1}" for number in range(self._count))
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name} AS {self.sql % places}")
        return f"EXECUTE {name} ({', '.join(['%s'] * self._count)})"


def note_error(connection: Any, error: BaseException) -> None:
    """Called with the driver's connection, and what a statement failed with."""
    global is_used
    if not is_lost_statement(error) or connection.prepared is None:
        return
    connection.prepared.clear()  # they are prepared anew
    if is_unknown_statement(error) and is_used:
        is_used = False
        logger.warning("this database's sessions keep no prepared statements: there is a pooler, so none are used")
