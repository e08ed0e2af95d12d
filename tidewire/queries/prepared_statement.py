"""Statements that PostgreSQL parses and plans once in each session.

They are prepared by name, in SQL: so a text may hold several of them, and other statements that share its round trip.
A name belongs to a session. Behind a pooler that gives each transaction another session it is unknown, and the first
error that says so ends the use of names in this process; the transaction that met it is run again (`is_retryable`).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.queries import sessions
from tidewire.queries.round_trips import can_join, joined, run_with_next

MAX_NAMES = 256
"""How many statements are prepared in one session: each takes some ten kilobytes of its memory."""

_numbers = itertools.count(1)


class PreparedStatement:
    """One statement in SQL, with `%s` for each parameter. It runs on every database, and is prepared on PostgreSQL.

    types: PostgreSQL's type of each parameter; "unknown" where PostgreSQL is to find it. None for a statement that is
        never prepared.
    """

    def __init__(self, sql: str, types: Sequence[str] | None) -> None:
        self.sql, self._types = sql, types

    def execute(self, connection: BaseDatabaseWrapper, params: Sequence[Any], then: str = "") -> Any:
        """Runs it, and the statement `then` in the same round trip. Returns the cursor, to be read at once."""
        text = self._text(connection)
        cursor = connection.cursor()
        cursor.execute(joined(text, then) if then else text, params)
        return cursor

    def run_with_next(self, connection: BaseDatabaseWrapper, params: Sequence[Any]) -> None:
        """Runs it no later than the next statement of this connection, which raises its errors."""
        run_with_next(connection, self._text(connection), list(params))

    def _text(self, connection: BaseDatabaseWrapper) -> str:
        """Returns what to execute, with the same parameters. That is the statement itself where it cannot be prepared,
        and where the queries are logged for a reader."""
        if self._types is None or not sessions.are_names_kept or connection.queries_logged or not can_join(connection):
            return self.sql
        if connection.connection is None:
            connection.ensure_connection()
        session = sessions.session_of(connection)
        if self.sql not in session.names and len(session.names) < MAX_NAMES:
            name = f"tidewire_{session.token}_{next(_numbers)}"
            session.names[self.sql] = self._prepare(connection, name, self._types)
        return session.names.get(self.sql, self.sql)

    def _prepare(self, connection: BaseDatabaseWrapper, name: str, types: Sequence[str]) -> str:
        body = self.sql % tuple(f"${number + 1}" for number in range(len(types)))
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name}{_in_brackets(types)} AS {body}")
        return f"EXECUTE {name}{_in_brackets(['%s'] * len(types))}"


def _in_brackets(parts: Sequence[str]) -> str:
    return f" ({', '.join(parts)})" if parts else ""
