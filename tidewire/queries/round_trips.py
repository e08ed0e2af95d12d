"""Statements whose result nobody reads, sent together with the next one.

A small statement costs its sender more than its database: the way there and back, and the thread that waits. Those
before COMMIT are made while a stream, or a counter, is about to be locked, so they are worth gathering.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Statement = tuple[str, list[Any]]

UNHARMED = (0, 2)
"""libpq's states of a connection in no transaction, and in one that has not failed."""


@contextmanager
def gathered(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Inside this block `run_with_next` and `held` may wait for a next statement. What has found none by the end is run
    then; an exception takes it along, as it does the transaction. A block may stand in another."""
    if _gathering_of(connection) is not None:
        yield
        run_waiting(connection)
        return
    gathering = _Gathering(connection)
    connection.execute_wrappers.append(gathering)
    try:
        yield
        gathering.run()
    finally:
        connection.execute_wrappers.remove(gathering)


def run_waiting(connection: BaseDatabaseWrapper) -> None:
    """Runs what waits, if anything does: for whoever knows that no statement follows."""
    if (gathering := _gathering_of(connection)) is not None:
        gathering.run()


@contextmanager
def deferred_inserts(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """A live row that is saved as new inside this block is inserted no later than the next statement, as with
    `run_with_next`: all that is left to hear of is an error, and the transaction fails with it either way."""
    connection = connections[using]
    gathering = _gathering_of(connection)
    if gathering is None or not takes_several(connection) or connection.queries_logged:  # who reads the log sees each
        yield
        return
    gathering.holds = True
    try:
        yield
    finally:
        gathering.holds = False


def run_with_next(connection: BaseDatabaseWrapper, sql: str, params: list[Any] | None = None) -> None:
    """Runs a statement no later than the next one of this connection. Its errors come from there.

    Not for a block of its own that may be rolled back alone, and nothing that bypasses Django's `execute` may follow.
    At once where the database takes one statement at a time (SQLite; server-side binding), or nobody gathers.
    """
    gathering = _gathering_of(connection)
    if gathering is not None and takes_several(connection):
        gathering.add((sql, params or []))
    else:
        with connection.cursor() as cursor:
            cursor.execute(sql, params or [])


def is_deferring_inserts(connection: BaseDatabaseWrapper) -> bool:
    gathering = _gathering_of(connection)
    return gathering is not None and gathering.holds


def _gathering_of(connection: BaseDatabaseWrapper) -> _Gathering | None:
    return next((wrapper for wrapper in connection.execute_wrappers if isinstance(wrapper, _Gathering)), None)


@lru_cache(maxsize=512)
def joined(text: str, then: str) -> str:
    """Both as one text. The same object for the same two: psycopg knows it again by that."""
    return f"{text};\n{then}"


def takes_several(connection: BaseDatabaseWrapper) -> bool:
    """Whether one text may hold several statements."""
    return connection.vendor == "postgresql" and not connection.settings_dict.get("OPTIONS", {}).get(
        "server_side_binding"
    )


class _Gathering:
    """A wrapper around a connection's statements, as `connection.execute_wrapper` has them."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._waiting: list[Statement] = []
        self.holds = False

    def add(self, statement: Statement) -> None:
        self._waiting.append(statement)

    def run(self) -> None:
        """All that waits, on its own."""
        if self._waiting:
            with self._connection.cursor() as cursor:
                *self._waiting, (sql, params) = self._waiting
                cursor.execute(sql, params)

    def __call__(self, execute: Callable, sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self._waiting:
            return execute(sql, params, many, context)
        if many or isinstance(params, dict) or _is_named(context["cursor"]):
            self.run()
            return execute(sql, params, many, context)
        waiting, self._waiting = self._waiting, []
        before = [param for _, its_params in waiting for param in its_params]
        text = ";\n".join([*(its_sql for its_sql, _ in waiting), sql if params is not None else sql.replace("%", "%%")])
        try:
            result = execute(text, [*before, *(params or ())], many, context)
        except BaseException:
            if self._connection.connection.info.transaction_status in UNHARMED:
                self._waiting[:0] = waiting  # the text was not even run
            raise
        for _ in waiting:
            context["cursor"].nextset()
        return result


def _is_named(cursor: Any) -> bool:
    """A cursor of the server's, as `iterator()` has: it is declared by one statement."""
    return getattr(cursor, "name", None) is not None
