"""Transactions that begin with their first statement, end with their last, and statements that a session remembers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.db import DatabaseError, connections, transaction
from django.db.models import Value
from psycopg.pq import Trace

from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Board, Item
from tidewire.log.tables import Event
from tidewire.queries import prepared_statement
from tidewire.queries.errors import is_retryable
from tidewire.queries.prepared_query import PreparedQuery
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import deferred_inserts, gathered, run_with_next
from tidewire.transactions.writes import write_transaction

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite has no round trips"),
]
connection = connections["default"]


QUERY = re.compile(r'F\t\d+\tQuery\t "(.*)"\n', re.DOTALL)


class Stop(Exception):
    """Ends a block."""


@contextmanager
def texts(folder: Path) -> Iterator[list[str]]:
    """What is sent to the server meanwhile, in order, as libpq writes it down."""
    sent: list[str] = []
    pgconn = connection.connection.pgconn
    with (folder / "trace").open("w+") as trace:
        pgconn.trace(trace.fileno())
        pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)
        try:
            yield sent
        finally:
            pgconn.untrace()
            trace.seek(0)
            messages = re.split(r"^(?=[FB]\t)", trace.read(), flags=re.MULTILINE)
            sent += [found[1] for message in messages if (found := QUERY.fullmatch(message))]


@pytest.fixture(autouse=True)
def _in_use():
    connection.ensure_connection()
    before, prepared_statement.are_names_kept = prepared_statement.are_names_kept, True
    yield
    prepared_statement.are_names_kept = before


def select(sql: str = "SELECT 1", params: list | None = None) -> list:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


# -- begin -----------------------------------------------------------------------------------------------------------


def test_the_first_statement_begins_the_transaction(tmp_path):
    select()
    with texts(tmp_path) as sent:
        with transaction.atomic():
            assert select("SELECT %s", ["100 %"]) == [("100 %",)]
            assert select("SELECT '%'") == [("%",)]
        assert select() == [(1,)]
    assert sent == ["BEGIN;\nSELECT '100 %'", "SELECT '%'", "COMMIT", "SELECT 1"]


def test_one_that_says_nothing_sends_nothing(tmp_path):
    select()
    with texts(tmp_path) as sent, transaction.atomic():
        pass
    assert sent == []


def test_a_first_statement_that_fails_has_begun_it_and_it_is_rolled_back(board):
    with pytest.raises(DatabaseError), transaction.atomic():
        select("SELECT 1 / 0")
    assert select() == [(1,)]
    assert connection.connection.info.transaction_status.name == "IDLE"


def test_rows_are_counted_as_ever(board):
    with transaction.atomic():
        assert Board.objects.filter(pk=board.pk).update(name="b") == 1
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany("UPDATE liveapp_board SET name = %s", [["c"], ["d"]])
    with transaction.atomic():
        assert [each.name for each in Board.objects.iterator()] == ["d"]
    with transaction.atomic(), transaction.atomic():
        assert Board.objects.get().name == "d"


def test_an_isolation_level_is_kept():
    connection.connection.isolation_level = 4  # serializable
    try:
        with transaction.atomic():
            assert select("SHOW transaction_isolation") == [("serializable",)]
    finally:
        connection.connection.isolation_level = None


# -- commit ----------------------------------------------------------------------------------------------------------


def test_commit_goes_with_the_events(board, tmp_path):
    Item.objects.create(board=board)
    with texts(tmp_path) as sent, logged():
        Item.objects.create(board=board)
    (last,) = [text for text in sent if "COMMIT" in text]
    assert last.startswith("EXECUTE")
    assert last.endswith("COMMIT")


def test_what_is_to_be_done_after_the_events_is_done_before_commit(board, tmp_path):
    item = Item.objects.create(board=board)
    with texts(tmp_path) as sent:
        item.delete()
    assert sent[-1] == "COMMIT"  # erasing came between


def test_hooks_run_after_a_commit_that_went_with_the_events(board):
    seen = []
    with transaction.atomic():
        item = Item.objects.create(board=board)
        transaction.on_commit(lambda: seen.append(Event.objects.filter(object=f"liveapp.item:{item.pk}").exists()))
    assert seen == [True]


# -- statements that are prepared --------------------------------------------------------------------------------------

TWICE = PreparedStatement("SELECT %s::int * 2, '%%'", ["int"])


def answer(statement: PreparedStatement, *params: object) -> list:
    return statement.execute(connection, params).fetchall()


def twice(number: int) -> list:
    return answer(TWICE, number)


def test_a_statement_is_prepared_once_in_a_session(tmp_path):
    connection.connection.prepared.pop(TWICE.sql, None)
    with texts(tmp_path) as sent, transaction.atomic():
        assert [twice(2), twice(3)] == [[(4, "%")], [(6, "%")]]
    assert [text.split()[0] for text in sent] == ["BEGIN;", "EXECUTE", "EXECUTE", "COMMIT"]
    assert "PREPARE" in sent[0]


def test_what_a_rolled_back_transaction_prepared_is_there():
    connection.connection.prepared.pop(TWICE.sql, None)
    with suppress(Stop), transaction.atomic():
        twice(2)
        raise Stop
    with transaction.atomic():
        assert twice(3) == [(6, "%")]


def test_a_server_that_binds_by_itself_is_asked_as_ever(monkeypatch):
    """It cannot bind what a name is executed with."""
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "server_side_binding", True)
    assert TWICE._text(connection) == TWICE.sql


def test_whoever_reads_the_queries_sees_them(django_assert_num_queries):
    with django_assert_num_queries(3) as seen, transaction.atomic():  # with BEGIN and COMMIT
        twice(2)
    assert "SELECT 2::int * 2" in seen.captured_queries[1]["sql"]


def test_sessions_that_keep_nothing_end_it(caplog):
    """As behind a pooler, which gives each transaction another session."""
    with transaction.atomic():
        twice(2)
    select_nothing("DEALLOCATE ALL")
    with pytest.raises(DatabaseError) as failed, transaction.atomic():
        twice(2)
    assert is_retryable(failed.value)
    assert not prepared_statement.are_names_kept
    with transaction.atomic():
        assert twice(3) == [(6, "%")]
    assert "pooler" in caplog.text


def test_a_migration_that_changes_what_is_shown_is_met_once(board):
    wide = PreparedStatement("SELECT name FROM liveapp_board WHERE rank_of = %s", ["unknown"])
    select_nothing("ALTER TABLE liveapp_board ADD rank_of int DEFAULT 1")
    try:
        with transaction.atomic():
            assert answer(wide, 1) == [("board",)]
        select_nothing("ALTER TABLE liveapp_board ALTER name TYPE varchar(60)")
        with pytest.raises(DatabaseError) as failed, transaction.atomic():
            answer(wide, 1)
        assert is_retryable(failed.value)
        with transaction.atomic():
            assert answer(wide, 1) == [("board",)]
        assert prepared_statement.are_names_kept
    finally:
        select_nothing("ALTER TABLE liveapp_board DROP rank_of; ALTER TABLE liveapp_board ALTER name TYPE varchar(50)")


def select_nothing(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_compiled_query_is_prepared_with_its_constants_in_the_text(board, tmp_path):
    query = PreparedQuery(lambda pk: Item.objects.annotate(five=Value(5), text=Value("100 %")).filter(board=pk, rank=0))
    item = Item.objects.create(board=board)
    query.all("default", board.pk)
    connection.connection.prepared.clear()
    with texts(tmp_path) as sent, transaction.atomic():
        found = [query.first("default", board.pk) for _ in range(2)]
    assert [(row, row.five, row.text) for row in found if row] == [(item, 5, "100 %")] * 2
    assert [text.split()[0] for text in sent] == ["BEGIN;", "EXECUTE", "EXECUTE", "COMMIT"]
    assert "(uuid) AS" in sent[0]
    assert "'100 %'" in sent[0]


def test_a_number_above_its_column_is_found_nowhere(board):
    """The parameter is a bigint, as the literal value is."""
    Item.objects.create(board=board, rank=1)
    query = PreparedQuery(lambda rank: Item.objects.filter(rank__gt=rank))
    assert [len(query.all("default", rank)) for rank in (0, 1, 2**31, 2**62)] == [1, 0, 0, 0]


def test_a_parameter_among_the_columns_is_a_literal_value(board):
    """As a parameter of a prepared statement it would be a text."""
    Item.objects.create(board=board)
    query = PreparedQuery(lambda number: Item.objects.annotate(number=Value(number)))
    connection.connection.prepared.clear()
    assert [row.number for number in (3, 4) for row in query.all("default", number)] == [3, 4]
    assert connection.connection.prepared == {}


def test_a_session_prepares_a_bounded_number(monkeypatch):
    monkeypatch.setattr(prepared_statement, "MAX_NAMES", 1)
    connection.connection.prepared.clear()
    other = PreparedStatement("SELECT %s::int * 3", ["int"])
    with transaction.atomic():
        assert [twice(2), answer(other, 2), twice(3)] == [[(4, "%")], [(6,)], [(6, "%")]]
    assert list(connection.connection.prepared) == [TWICE.sql]


# -- the setting -------------------------------------------------------------------------------------------------------


def test_where_the_setting_is_off_psycopg_is_as_ever(board, tmp_path, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": False}
    select()
    with texts(tmp_path) as sent, write_transaction():
        with deferred_inserts():
            Item(board=board).save(force_insert=True)
        run_with_next(connection, "SELECT 1")
        twice(2)
    assert sent[0] == "BEGIN"
    assert sent[-1] == "COMMIT"
    assert not [text for text in sent if ";" in text or "EXECUTE" in text or "PREPARE" in text]


# -- rows that wait for the next statement -----------------------------------------------------------------------------


def test_a_row_that_is_held_goes_with_the_next_statement(board, tmp_path):
    with texts(tmp_path) as sent, gathered(connection), transaction.atomic():
        with deferred_inserts():
            item = Item(board=board, title="100 %")
            item.save(force_insert=True)
        assert not item._state.adding
        assert Item.objects.filter(pk=item.pk).values_list("title", flat=True).get() == "100 %"
    assert [text for text in sent if "100 %" in text and "liveapp_item" in text]


def test_a_row_that_is_held_when_the_block_ends_is_recorded(board):
    with logged() as events, gathered(connection), transaction.atomic():
        with deferred_inserts():
            item = Item.objects.create(board=board)
    assert [(type, key) for _, type, key, _ in events] == [("item.created", str(item.pk))]


def test_a_row_that_is_held_and_fails_takes_the_transaction_along(board):
    item = Item.objects.create(board=board)

    def write():
        with gathered(connection), transaction.atomic():
            Item.objects.create(board=board)
            with deferred_inserts():
                Item(pk=item.pk, board=board).save(force_insert=True)

    with logged() as events, pytest.raises(DatabaseError):
        write()
    assert events == []
    assert Item.objects.count() == 1
    assert connection.execute_wrappers == []


def test_a_savepoint_does_not_take_along_what_was_held_before_it(board):
    with logged(), gathered(connection), transaction.atomic():
        with deferred_inserts():
            item = Item.objects.create(board=board)
        with suppress(Stop), transaction.atomic():
            Item.objects.create(board=board)
            raise Stop
    assert list(Item.objects.all()) == [item]


def test_what_waits_is_not_lost_with_a_statement_that_was_not_even_sent(board):
    with logged() as events, gathered(connection), transaction.atomic():
        with deferred_inserts():
            item = Item.objects.create(board=board)
        with suppress(ValueError, DatabaseError):
            select("SELECT %s", ["\0"])
    assert Item.objects.get() == item
    assert [(type, key) for _, type, key, _ in events] == [("item.created", str(item.pk))]


def test_what_waits_where_nothing_is_recorded_is_run_before_commit():
    """A view's transaction, in which an application wrote no live row."""
    select_nothing("CREATE TABLE plain (n int)")
    try:
        seen = []
        with write_transaction():
            run_with_next(connection, "INSERT INTO plain VALUES (%s)", [1])
            transaction.on_commit(lambda: seen.append(select("SELECT n FROM plain")))
        assert seen == [[(1,)]]
    finally:
        select_nothing("DROP TABLE plain")


def test_anothers_wrapper_around_commit_is_called_inside_the_transaction(board):
    commit, statuses = connection.commit, []

    def wrapper():
        statuses.append(connection.connection.info.transaction_status.name)
        del connection.commit
        commit()

    connection.commit = wrapper
    with logged():
        Item.objects.create(board=board)
    assert statuses == ["INTRANS"]
