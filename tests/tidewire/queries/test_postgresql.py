"""Transactions that begin in the round trip of their first statement, and end in that of their last."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Board, Item
from tidewire.log.tables import Event
from tidewire.queries.options import postgresql_options
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import deferred_inserts, run_with_next
from tidewire.transactions.writes import write_transaction

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("_names_are_kept"),
    pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite has no round trips"),
]


def select(sql: str = "SELECT 1", params: list[Any] | None = None) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


def test_the_database_has_what_the_options_say():
    options = postgresql_options({"max_size": 3})
    assert type(connection.connection) is options["pool"]["connection_class"]
    assert connection.connection.cursor_factory is options["cursor_factory"]
    assert options["pool"]["max_size"] == 3


# -- begin -----------------------------------------------------------------------------------------------------------


def test_the_first_statement_begins_the_transaction(sent_texts):
    select()
    with sent_texts() as sent:
        with transaction.atomic():
            assert select("SELECT %s", ["100 %"]) == [("100 %",)]
            assert select("SELECT '%'") == [("%",)]
        assert select() == [(1,)]
    assert sent == ["BEGIN;\nSELECT '100 %'", "SELECT '%'", "COMMIT", "SELECT 1"]


def test_an_empty_transaction_sends_nothing(sent_texts):
    select()
    with sent_texts() as sent, transaction.atomic():
        pass
    assert sent == []


def test_a_first_statement_that_fails_is_rolled_back(board):
    with pytest.raises(DatabaseError), transaction.atomic():
        select("SELECT 1 / 0")
    assert select() == [(1,)]
    assert connection.connection.info.transaction_status.name == "IDLE"


def test_the_first_statement_gives_its_own_result(board):
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


def test_commit_is_sent_with_the_events(board, sent_texts):
    Item.objects.create(board=board)
    with sent_texts() as sent, logged():
        Item.objects.create(board=board)
    (last,) = [text for text in sent if "COMMIT" in text]
    assert last.startswith("EXECUTE")
    assert last.endswith("COMMIT")


def test_what_follows_the_events_is_done_before_commit(board, sent_texts):
    item = Item.objects.create(board=board)
    with sent_texts() as sent:
        item.delete()
    assert sent[-1] == "COMMIT"  # erasing came between


def test_hooks_run_after_a_commit_that_was_sent_with_the_events(board):
    seen = []
    with transaction.atomic():
        item = Item.objects.create(board=board)
        transaction.on_commit(lambda: seen.append(Event.objects.filter(object=f"liveapp.item:{item.pk}").exists()))
    assert seen == [True]


def test_the_commit_of_another_library_is_called_inside_the_transaction(board):
    commit, statuses = connection.commit, []

    def wrapper():
        statuses.append(connection.connection.info.transaction_status.name)
        del connection.commit
        commit()

    connection.commit = wrapper
    with logged():
        Item.objects.create(board=board)
    assert statuses == ["INTRANS"]


# -- the setting -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_off")
def test_where_the_setting_is_off_psycopg_sends_each_statement_alone(board, sent_texts):
    select()
    with sent_texts() as sent, write_transaction():
        with deferred_inserts():
            Item(board=board).save(force_insert=True)
        run_with_next(connection, "SELECT 1")
        PreparedStatement("SELECT %s::int", ["int"]).execute(connection, [2])
    assert sent[0] == "BEGIN"
    assert sent[-1] == "COMMIT"
    assert not [text for text in sent if ";" in text or "EXECUTE" in text or "PREPARE" in text]
