"""A request's transaction, and running it again."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection

from tests.tidewire.event_rows import logged
from tests.tidewire.liveapp.models import Item
from tidewire.queries.errors import is_retryable
from tidewire.queries.round_trips import run_with_next
from tidewire.transactions import writes
from tidewire.transactions.writes import retried, write_transaction

pytestmark = pytest.mark.django_db(transaction=True)


def error_of(sqlstate: str, kind: type[DatabaseError] = OperationalError) -> DatabaseError:
    error = kind("failed")
    error.__cause__ = type("DriverError", (Exception,), {"sqlstate": sqlstate})("failed")
    return error


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The seconds that were waited, without waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(writes.time, "sleep", seconds.append)
    return seconds


def failing(times: int, error: Exception) -> list[int]:
    """Runs a work that fails so often first. Returns its runs."""
    runs: list[int] = []

    def work() -> list[int]:
        runs.append(len(runs) + 1)
        if len(runs) <= times:
            raise error
        return runs

    return retried(work)


@pytest.mark.parametrize(
    "error", [error_of("40P01"), error_of("40001"), error_of("26000"), IntegrityError("a key is taken")]
)
def test_it_runs_again_after_an_error_that_a_fresh_start_can_cure(error, waits):
    assert failing(2, error) == [1, 2, 3]
    assert len(waits) == 2
    assert 0.01 <= waits[0] <= 0.03
    assert 0.02 <= waits[1] <= 0.06


def test_the_third_error_is_raised(waits):
    error = error_of("40P01")
    with pytest.raises(OperationalError) as raised:
        failing(3, error)
    assert raised.value is error
    assert len(waits) == 2


@pytest.mark.parametrize("error", [error_of("57014"), OperationalError("database is locked"), ValueError("no")])
def test_another_error_is_raised_at_once(error, waits):
    with pytest.raises(type(error)):
        failing(1, error)
    assert waits == []
    assert not is_retryable(error)


def test_a_plan_that_a_migration_has_changed_is_retryable():
    changed, other = error_of("0A000"), error_of("0A000")
    changed.__cause__ = type("DriverError", (Exception,), {"sqlstate": "0A000"})("cached plan must not change its type")
    assert [is_retryable(changed), is_retryable(other)] == [True, False]


def test_a_transaction_commits_what_waits(board):
    with write_transaction():
        run_with_next(connection, "UPDATE liveapp_board SET name = %s", ["renamed"])
    board.refresh_from_db()
    assert board.name == "renamed"


def test_a_transaction_that_fails_leaves_nothing(board):
    def write() -> None:
        with write_transaction():
            run_with_next(connection, "UPDATE liveapp_board SET name = %s", ["renamed"])
            Item.objects.create(board=board)
            raise ZeroDivisionError

    before = list(connection.execute_wrappers)
    with logged() as events, pytest.raises(ZeroDivisionError):
        write()
    board.refresh_from_db()
    assert (board.name, Item.objects.count(), events) == ("board", 0, [])
    assert connection.execute_wrappers == before
