"""PostgreSQL's transactions, begun with their first statement; and sessions that remember what was prepared in them.

psycopg sends BEGIN before it, and waits for the answer: a way there and back of each write. Here both go as one text.
`OPTIONS` of a database takes the two classes: `cursor_factory`, and `connection_class` of its pool. Elsewhere, and for
what is no plain statement (a batch, COPY, a cursor of the server), BEGIN goes alone as always.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, Self

import psycopg
from django.db.backends.postgresql.base import Cursor as DjangoCursor
from psycopg.pq import TransactionStatus

from tidewire.ground.conf import conf
from tidewire.queries import prepared_statement
from tidewire.queries.errors import is_read_only
from tidewire.queries.round_trips import joined


class Connection(psycopg.Connection):
    """Leaves BEGIN to a cursor that says it in its text."""

    is_begun_by_cursor = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: dict[str, str] | None = {} if conf.PREPARED_STATEMENTS else None  # see prepared.py
        self.token = secrets.token_hex(4)

    @property
    def begin(self) -> str | None:
        """What a transaction begins with, if the next statement begins one."""
        if self.autocommit or self._pipeline or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return None
        return self._get_tx_start_command().decode()

    def _start_query(self) -> Iterator[Any]:
        if not self.is_begun_by_cursor:
            yield from super()._start_query()


class Cursor(DjangoCursor):
    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        connection = self.connection
        begin = connection.begin if isinstance(query, str) and isinstance(connection, Connection) else None
        try:
            return self._execute(begin, query, params, options)
        except psycopg.Error as error:
            if isinstance(connection, Connection):
                prepared_statement.note_error(connection, error)
            if is_read_only(error):
                # The primary has become a standby and keeps its connections. The pool replaces a closed one, and finds
                # the new primary where the name or the balancer leads by then.
                connection.close()
            raise

    def _execute(self, begin: str | None, query: Any, params: Any, options: dict[str, Any]) -> Self:
        if begin is None:
            return super().execute(query, params, **options)
        connection = self.connection
        connection.is_begun_by_cursor = True
        try:
            super().execute(joined(begin, query), params, **options)
        finally:
            connection.is_begun_by_cursor = False
        self.nextset()  # past BEGIN's own
        return self
