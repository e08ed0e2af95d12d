"""Statements whose result is not needed, sent together with the next one.

For a small statement the round trip costs this process more than the statement costs the database. The statements just
before COMMIT are also run while a counter or a stream is about to be locked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.ground.conf import conf

_UNHARMED = (0, 2)
"""libpq's states of a connection that is in no transaction, and of one whose transaction has not failed."""


@contextmanager
def gathered(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Lets statements wait for the next one inside this block (`run_with_next`, `deferred_inserts`).

    What still waits at the end of the block is run there. An exception drops it, as it does the transaction. Blocks may
    be nested.
    """
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
    """Runs the statements that wait, if there are any: for a caller that knows that no statement follows."""
    if (gathering := _gathering_of(connection)) is not None:
        gathering.run()


@contextmanager
def deferred_inserts(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Lets the INSERT of a live model that is saved inside this block wait for the next statement.

    The row must be new (`force_insert=True`) and its key known. An error of the INSERT, such as a violated constraint,
    is raised by the next statement or by COMMIT, so the transaction fails as it would have. Has an effect inside
    `write_transaction` only.
    """
    connection = connections[using]
    gathering = _gathering_of(connection)
    if gathering is None or not can_join(connection) or connection.queries_logged:  # a log shows one statement a line
        yield
        return
    gathering.defers_inserts = True
    try:
        yield
    finally:
        gathering.defers_inserts = False


def are_inserts_deferred(connection: BaseDatabaseWrapper) -> bool:
    gathering = _gathering_of(connection)
    return gathering is not None and gathering.defers_inserts


def run_with_next(connection: BaseDatabaseWrapper, sql: str, params: list[Any] | None = None) -> None:
    """Runs a statement no later than the next one of this connection, which raises its errors.

    Runs it at once outside `gathered`, and where a text cannot hold several statements. It must not be meant for a
    savepoint that may be rolled back alone, and the next statement must go through Django's `execute`.
    """
    gathering = _gathering_of(connection)
    if gathering is not None and can_join(connection):
        gathering.add(sql, params or [])
    else:
        with connection.cursor() as cursor:
            cursor.execute(sql, params or [])


def can_join(connection: Any) -> bool:
    """Returns whether one text may hold several statements: with psycopg 3, unless the server binds the parameters."""
    if connection.Database.__name__ != "psycopg" or not conf.PREPARED_QUERIES:
        return False
    return not connection.settings_dict.get("OPTIONS", {}).get("server_side_binding")


@lru_cache(maxsize=512)
def joined(text: str, then: str) -> str:
    """Returns both as one text: the same object for the same two, by which psycopg finds what it knows of a text."""
    return f"{text};\n{then}"


def _gathering_of(connection: BaseDatabaseWrapper) -> _Gathering | None:
    return next((wrapper for wrapper in connection.execute_wrappers if isinstance(wrapper, _Gathering)), None)


class _Gathering:
    """A wrapper around a connection's statements, as `connection.execute_wrapper` installs them."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection
        self._waiting: list[tuple[str, list[Any]]] = []
        self.defers_inserts = False

    def add(self, sql: str, params: list[Any]) -> None:
        self._waiting.append((sql, params))

    def run(self) -> None:
        """Runs what waits: the last statement is the one that the others go with."""
        if self._waiting:
            with self._connection.cursor() as cursor:
                *self._waiting, (sql, params) = self._waiting
                cursor.execute(sql, params)

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if not self._waiting:
            return execute(sql, params, many, context)
        if many or isinstance(params, dict) or _is_on_server(context["cursor"]):
            self.run()
            return execute(sql, params, many, context)
        waiting, self._waiting = self._waiting, []
        before = [param for _, its_params in waiting for param in its_params]
        text = ";\n".join([*(its_sql for its_sql, _ in waiting), sql if params is not None else sql.replace("%", "%%")])
        try:
            result = execute(text, [*before, *(params or ())], many, context)
        except BaseException:
            if self._connection.connection.info.transaction_status in _UNHARMED:
                self._waiting[:0] = waiting  # the text was not sent
            raise
        for _ in waiting:
            context["cursor"].nextset()
        return result


def _is_on_server(cursor: Any) -> bool:
    """Returns whether the cursor is one of the server, as `iterator()` uses: one statement declares it."""
    return getattr(cursor, "name", None) is not None
