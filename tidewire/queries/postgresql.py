"""The PostgreSQL connection: a transaction begins in the round trip of its first statement.

psycopg sends BEGIN before the first statement and waits for the answer. Here both are one text. BEGIN is sent alone, as
psycopg does it, before a statement that cannot be joined to it (a batch, COPY, a cursor of the server), and where the
setting PREPARED_QUERIES is off.

`options` has what Django's DATABASES needs for it. Two methods of psycopg that are not public are overridden; the tests
look at what libpq sends.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg.pq import TransactionStatus

from tidewire.ground.conf import conf
from tidewire.queries.errors import is_read_only
from tidewire.queries.prepared_statement import note_error
from tidewire.queries.round_trips import joined

if TYPE_CHECKING:
    from psycopg.abc import PQGen

    DjangoCursor = psycopg.ClientCursor[Any]  # the stubs show the one for psycopg 2
else:
    from django.db.backends.postgresql.base import Cursor as DjangoCursor


class Connection(psycopg.Connection[Any]):
    """Leaves BEGIN to a cursor that has it in its text.

    prepared: {statement: the EXECUTE that runs it} of this session. token: makes their names unlike those of another
        session, also behind a pooler that mixes sessions.
    """

    is_begun_by_cursor = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: dict[str, str] = {}
        self.token = secrets.token_hex(4)

    @property
    def begin(self) -> str | None:
        """What the next statement begins a transaction with; None if it begins none."""
        if self.autocommit or self._pipeline or self.pgconn.transaction_status != TransactionStatus.IDLE:
            return None
        return self._get_tx_start_command().decode() if conf.PREPARED_QUERIES else None

    def _start_query(self) -> PQGen[None]:
        if not self.is_begun_by_cursor:
            yield from super()._start_query()


class Cursor(DjangoCursor):
    """Sends BEGIN with the first statement of a transaction."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        connection = self.connection
        if not isinstance(connection, Connection):
            return super().execute(query, params, **options)
        try:
            begin = connection.begin
            if begin is None or not isinstance(query, str):
                return super().execute(query, params, **options)
            connection.is_begun_by_cursor = True
            try:
                text: Any = joined(begin, query)
                super().execute(text, params, **options)
            finally:
                connection.is_begun_by_cursor = False
            self.nextset()  # past the result of BEGIN
            return self
        except psycopg.Error as error:
            note_error(connection, error)
            if is_read_only(error):
                # The primary has become a standby and keeps its connections. The pool replaces a closed one, and finds
                # the new primary where the name or the balancer leads by then.
                connection.close()
            raise
