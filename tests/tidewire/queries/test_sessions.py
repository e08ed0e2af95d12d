"""What is known of a session of PostgreSQL, and what an error says about it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from tests.tidewire.liveapp.models import Board
from tidewire.queries import sessions
from tidewire.queries.sessions import session_of, watch_errors

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_names_are_kept"),
    pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite has no sessions"),
]


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_session_is_that_of_the_drivers_connection():
    first = session_of(connection)
    assert session_of(connection) is first
    first_raw = connection.connection
    connection.close()
    with connection.pool.connection() as other:  # keeps the first one from being handed out, if it is this one
        connection.ensure_connection()
        assert connection.connection is not other
        assert (session_of(connection) is first) == (connection.connection is first_raw)


def test_a_connection_is_watched_once():
    for _ in range(2):
        connection.close()
        connection.ensure_connection()
    assert connection.execute_wrappers.count(watch_errors) == 1


@pytest.mark.parametrize(
    ("sql", "are_kept", "is_cleared"),
    [("EXECUTE unknown_name", False, True), ("SELECT 1 / 0", True, False), ("SELECT nothing", True, False)],
)
def test_an_unknown_statement_ends_the_use_of_names(sql, are_kept, is_cleared):
    session_of(connection).names["statement"] = "EXECUTE unknown_name"
    with pytest.raises(DatabaseError), transaction.atomic():
        run(sql)
    assert sessions.are_names_kept is are_kept
    assert (session_of(connection).names == {}) is is_cleared
    session_of(connection).names.clear()


def test_a_batch_is_watched_too():
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("EXECUTE unknown_name (%s)", [[1], [2]])
    assert not sessions.are_names_kept


def test_a_server_that_takes_no_writes_is_left(board):
    """The pool replaces a connection that is closed."""
    run("SET default_transaction_read_only = on")
    raw = connection.connection
    with pytest.raises(DatabaseError), transaction.atomic():
        Board.objects.filter(pk=board.pk).update(name="renamed")
    assert raw.closed
    Board.objects.filter(pk=board.pk).update(name="renamed")
    assert Board.objects.get().name == "renamed"
