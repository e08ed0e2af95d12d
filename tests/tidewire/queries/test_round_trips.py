"""Statements that are sent with the next one: in order, with what it returns, and never in another transaction."""

import pytest
from django.db import IntegrityError, connection, transaction

from api.models import Room, User
from tidewire.queries.round_trips import gathered, run_with_next

pytestmark = pytest.mark.django_db(transaction=True)

RENAME = "UPDATE api_room SET name = name || %s"


@pytest.fixture
def room() -> Room:
    return Room.objects.create(name="a", kind="public")


def name_of(room: Room) -> str:
    return Room.objects.values_list("name", flat=True).get(pk=room.pk)


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


def test_an_exception_takes_those_along_that_still_wait(room):
    def fail():
        with transaction.atomic(), gathered(connection):
            run_with_next(connection, RENAME, ["b"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert name_of(room) == "a"
    assert connection.execute_wrappers == []


def test_an_error_of_theirs_comes_from_the_next_one(room):
    User.objects.create(email="a@example.com", name="a")

    def break_a_rule():
        with transaction.atomic(), gathered(connection):
            run_with_next(connection, "UPDATE api_user SET email = NULL")
            name_of(room)

    with pytest.raises(IntegrityError):
        break_a_rule()
    assert connection.execute_wrappers == []


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
