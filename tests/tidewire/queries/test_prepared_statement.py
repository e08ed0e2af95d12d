"""Statements that are prepared once in a session of PostgreSQL."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import Value

from tests.tidewire.liveapp.models import Item
from tidewire.queries import prepared_statement, sessions
from tidewire.queries.errors import is_retryable
from tidewire.queries.prepared_query import PreparedQuery
from tidewire.queries.prepared_statement import PreparedStatement

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_names_are_kept"),
    pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite prepares nothing by name"),
]

TWICE = PreparedStatement("SELECT %s::int * 2, '%%'", ["int"])


class StopError(Exception):
    """Ends a block."""


def result(statement: PreparedStatement, *params: object) -> list[Any]:
    return statement.execute(connection, params).fetchall()


def twice(number: int) -> list[Any]:
    return result(TWICE, number)


def names() -> dict[str, str]:
    return sessions.session_of(connection).names


def run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_statement_is_prepared_once_in_a_session(sent_texts):
    names().pop(TWICE.sql, None)
    with sent_texts() as sent, transaction.atomic():
        assert [twice(2), twice(3)] == [[(4, "%")], [(6, "%")]]
    assert [text.split()[0] for text in sent] == ["BEGIN", "PREPARE", "EXECUTE", "EXECUTE", "COMMIT"]


def test_a_rollback_leaves_it_prepared():
    names().pop(TWICE.sql, None)
    with suppress(StopError), transaction.atomic():
        twice(2)
        raise StopError
    with transaction.atomic():
        assert twice(3) == [(6, "%")]


def test_where_the_server_binds_parameters_nothing_is_prepared(monkeypatch, sent_texts):
    """EXECUTE takes no bound parameters."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "server_side_binding", True)
    with sent_texts() as sent:
        assert twice(2) == [(4, "%")]
    assert sent == ["SELECT 2::int * 2, '%'"]


def test_a_log_of_queries_shows_the_statement(django_assert_num_queries):
    with django_assert_num_queries(3) as seen, transaction.atomic():  # with BEGIN and COMMIT
        twice(2)
    assert "SELECT 2::int * 2" in seen.captured_queries[1]["sql"]


def test_a_session_that_lost_its_names_ends_their_use(caplog):
    """As behind a pooler, which gives each transaction another session."""
    with transaction.atomic():
        twice(2)
    run("DEALLOCATE ALL")
    with pytest.raises(DatabaseError) as failed, transaction.atomic():
        twice(2)
    assert is_retryable(failed.value)
    assert not sessions.are_names_kept
    with transaction.atomic():
        assert twice(3) == [(6, "%")]
    assert "pooler" in caplog.text


def test_a_migration_that_changes_the_columns_fails_one_transaction(board):
    wide = PreparedStatement("SELECT name FROM liveapp_board WHERE rank_of = %s", ["unknown"])
    run("ALTER TABLE liveapp_board ADD rank_of int DEFAULT 1")
    try:
        with transaction.atomic():
            assert result(wide, 1) == [("board",)]
        run("ALTER TABLE liveapp_board ALTER name TYPE varchar(60)")
        with pytest.raises(DatabaseError) as failed, transaction.atomic():
            result(wide, 1)
        assert is_retryable(failed.value)
        with transaction.atomic():
            assert result(wide, 1) == [("board",)]
        assert sessions.are_names_kept
    finally:
        run("ALTER TABLE liveapp_board DROP rank_of; ALTER TABLE liveapp_board ALTER name TYPE varchar(50)")


def test_a_session_prepares_a_bounded_number(monkeypatch):
    monkeypatch.setattr(prepared_statement, "MAX_NAMES", 1)
    names().clear()
    other = PreparedStatement("SELECT %s::int * 3", ["int"])
    with transaction.atomic():
        assert [twice(2), result(other, 2), twice(3)] == [[(4, "%")], [(6,)], [(6, "%")]]
    assert list(names()) == [TWICE.sql]


# -- those of prepared queries -----------------------------------------------------------------------------------------


def test_the_constants_of_a_query_are_a_part_of_its_text(board, sent_texts):
    query = PreparedQuery(lambda pk: Item.objects.annotate(five=Value(5), text=Value("100 %")).filter(board=pk, rank=0))
    item = Item.objects.create(board=board)
    query.all("default", board.pk)
    names().clear()
    with sent_texts() as sent, transaction.atomic():
        found = [query.first("default", board.pk) for _ in range(2)]
    assert [(row, row.five, row.text) for row in found if row] == [(item, 5, "100 %")] * 2
    assert [text.split()[0] for text in sent] == ["BEGIN", "PREPARE", "EXECUTE", "EXECUTE", "COMMIT"]
    assert "(uuid) AS" in sent[1]
    assert "'100 %'" in sent[1]


def test_a_number_may_be_larger_than_the_column(board):
    """The parameter is a bigint, as the literal value is."""
    Item.objects.create(board=board, rank=1)
    query = PreparedQuery(lambda rank: Item.objects.filter(rank__gt=rank))
    assert [len(query.all("default", rank)) for rank in (0, 1, 2**31, 2**62)] == [1, 0, 0, 0]


def test_a_query_with_a_parameter_among_its_columns_is_not_prepared(board):
    """The parameter of a prepared statement would be a text there."""
    Item.objects.create(board=board)
    query = PreparedQuery(lambda number: Item.objects.annotate(number=Value(number)))
    names().clear()
    assert [row.number for number in (3, 4) for row in query.all("default", number)] == [3, 4]
    assert names() == {}
