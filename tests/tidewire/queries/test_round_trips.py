"""Statements that are sent with the next one: in order, with what it returns, and never in another transaction."""

import pytest
from django.db import IntegrityError, connection, transaction

from api.models import Room, User
from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Item
from tidewire.log.tables import Event
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import deferred_inserts, gathered, run_with_next
from tidewire.transactions.writes import write_transaction

pytestmark = pytest.mark.django_db(transaction=True)

RENAME = "UPDATE api_room SET name = name || %s"


@pytest.fixture
def room() -> Room:
    return Room.objects.create(name="a", kind="public")


def name_of(room: Room) -> str:
    return Room.objects.values_list("name", flat=True).get(pk=room.pk)


def has_gathering() -> bool:
    return any(type(wrapper).__name__ == "_Gathering" for wrapper in connection.execute_wrappers)


def test_they_run_before_the_next_statement_which_gets_its_own_rows(room):
    with gathered(connection):
        run_with_next(connection, RENAME, ["b"])
        run_with_next(connection, RENAME, ["c%"])
        assert name_of(room) == "abc%"


def test_one_that_changes_rows_still_counts_them(room):
    with transaction.atomic(), gathered(connection):
        run_with_next(connection, RENAME, ["b"])
        assert Room.objects.filter(name="ab").update(kind="private") == 1


def test_a_statement_without_parameters_keeps_its_percent_signs(room):
    with gathered(connection), connection.cursor() as cursor:
        run_with_next(connection, RENAME, ["b"])
        cursor.execute("SELECT name FROM api_room WHERE name LIKE 'a%'")
        assert cursor.fetchall() == [("ab",)]


def test_a_batch_and_a_cursor_of_the_server_run_after_them(room):
    with transaction.atomic(), gathered(connection):
        run_with_next(connection, RENAME, ["b"])
        assert [each.name for each in Room.objects.iterator()] == ["ab"]
        run_with_next(connection, RENAME, ["c"])
        with connection.cursor() as cursor:
            cursor.executemany(RENAME, [["d"], ["e"]])
    assert name_of(room) == "abcde"


def test_what_finds_no_next_one_runs_at_the_end(room):
    with gathered(connection):
        run_with_next(connection, RENAME, ["b"])
        run_with_next(connection, RENAME, ["c"])
    assert name_of(room) == "abc"


def test_outside_they_run_at_once(room):
    run_with_next(connection, RENAME, ["b"])
    assert name_of(room) == "ab"


def test_an_exception_drops_those_that_still_wait(room):
    def fail():
        with transaction.atomic(), gathered(connection):
            run_with_next(connection, RENAME, ["b"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert name_of(room) == "a"
    assert not has_gathering()


def test_their_errors_are_raised_by_the_next_one(room):
    User.objects.create(email="a@example.com", name="a")

    def break_a_rule():
        with transaction.atomic(), gathered(connection):
            run_with_next(connection, "UPDATE api_user SET email = NULL")
            name_of(room)

    with pytest.raises(IntegrityError):
        break_a_rule()
    assert not has_gathering()


def test_several_go_in_one_round_trip(room):
    sent = []

    def spy(execute, sql, params, many, context):
        sent.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(spy), gathered(connection):
        run_with_next(connection, RENAME, ["b"])
        run_with_next(connection, RENAME, ["c"])
        name_of(room)
    assert len(sent) == (1 if connection.vendor == "postgresql" else 3)


# -- COMMIT, with the events -------------------------------------------------------------------------------------------

on_postgresql = pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite has no round trips")


@on_postgresql
@pytest.mark.usefixtures("_names_are_kept")
def test_commit_is_sent_with_the_events(board, sent_texts):
    Item.objects.create(board=board)
    with sent_texts() as sent, logged():
        Item.objects.create(board=board)
    (last,) = [text for text in sent if "COMMIT" in text]
    assert last.startswith("EXECUTE")
    assert last.endswith("COMMIT")


@on_postgresql
def test_what_follows_the_events_is_done_before_commit(board, sent_texts):
    item = Item.objects.create(board=board)
    with sent_texts() as sent:
        item.delete()
    assert sent[-1] == "COMMIT"  # erasing came between


def test_hooks_run_after_the_commit(board):
    seen = []
    with transaction.atomic():
        item = Item.objects.create(board=board)
        transaction.on_commit(lambda: seen.append(Event.objects.filter(object=f"liveapp.item:{item.pk}").exists()))
    assert seen == [True]


@on_postgresql
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


@on_postgresql
@pytest.mark.usefixtures("_names_are_kept", "_off")
def test_where_the_setting_is_off_each_statement_is_sent_alone(board, sent_texts):
    with sent_texts() as sent, write_transaction():
        with deferred_inserts():
            Item(board=board).save(force_insert=True)
        run_with_next(connection, "SELECT 1")
        PreparedStatement("SELECT %s::int", ["int"]).execute(connection, [2])
    assert sent[0] == "BEGIN"
    assert sent[-1] == "COMMIT"
    assert not [text for text in sent if ";" in text or "EXECUTE" in text or "PREPARE" in text]


@on_postgresql
def test_where_the_server_binds_parameters_each_statement_is_sent_alone(room, monkeypatch, sent_texts):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "server_side_binding", True)
    with sent_texts() as sent, gathered(connection):
        run_with_next(connection, RENAME, ["b"])
        assert name_of(room) == "ab"
    assert not [text for text in sent if ";" in text]
