"""Whose fault an error of the database is: every SQLSTATE there is, and what SQLite says in words."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from django.db import Error, connection
from django.db.utils import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
)
from psycopg import errors as postgresql_errors

from tidewire.queries.errors import Fault, fault_of, is_read_only

STATES = {getattr(found, "sqlstate", None) for found in vars(postgresql_errors).values()}
ALL_STATES = sorted(state for state in STATES if isinstance(state, str))
DJANGO_ERRORS = (DataError, OperationalError, IntegrityError, ProgrammingError, NotSupportedError, DatabaseError)


def as_django(state: str) -> Error:
    """Returns the error that Django raises for this SQLSTATE."""
    cause = psycopg.errors.lookup(state)("said the server")
    for django_error in DJANGO_ERRORS:
        if isinstance(cause, getattr(psycopg, django_error.__name__)):
            error = django_error("said the server")
            error.__cause__ = cause
            return error
    raise AssertionError(state)


def test_psycopg_knows_them_all():
    assert len(ALL_STATES) > 200


@pytest.mark.parametrize("state", ALL_STATES)
def test_no_sqlstate_is_left_without_a_fault(state):
    """So that the next one is no 500."""
    assert isinstance(fault_of(as_django(state)), Fault)


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("25006", Fault.UNAVAILABLE),  # a standby now
        ("57P01", Fault.UNAVAILABLE),  # shut down
        ("57P03", Fault.UNAVAILABLE),  # starting up
        ("57014", Fault.UNAVAILABLE),  # statement timeout
        ("55P03", Fault.UNAVAILABLE),  # lock timeout
        ("53300", Fault.UNAVAILABLE),  # too many connections
        ("53100", Fault.UNAVAILABLE),  # disk full
        ("08006", Fault.UNAVAILABLE),
        ("22008", Fault.INPUT),  # a time outside of the calendar
        ("22003", Fault.INPUT),  # a number out of range
        ("22021", Fault.INPUT),  # a character that the encoding does not have
        ("54001", Fault.INPUT),
        ("23505", Fault.CONFLICT),
        ("23503", Fault.CONFLICT),
        ("40001", Fault.CONFLICT),
        ("42P01", Fault.UNREADY),  # no such table
        ("42501", Fault.UNREADY),
        ("3D000", Fault.UNREADY),
    ],
)
def test_a_sqlstate_says_whose_fault_it_is(state, fault):
    assert fault_of(as_django(state)) is fault


@pytest.mark.parametrize(
    "error", [OperationalError("the connection is lost"), InterfaceError("connection already closed")]
)
def test_an_error_without_a_sqlstate_is_a_database_that_is_away(error):
    assert fault_of(error) is Fault.UNAVAILABLE


def test_other_errors_are_bugs():
    assert fault_of(ValueError("a bug")) is None
    assert fault_of(OverflowError("a bug")) is None


def test_only_one_state_says_that_the_server_takes_no_writes():
    assert [state for state in ALL_STATES if is_read_only(psycopg.errors.lookup(state)("x"))] == ["25006"]


SQLITE = {
    "SELECT * FROM nowhere": Fault.UNREADY,
    "SELECT nowhere": Fault.UNREADY,
    "SELECT '" + "x" * 60_000 + "' LIKE '" + "%x" * 30_000 + "'": Fault.INPUT,
    "SELECT " + "-" * 0 + "(" * 2_000 + "1" + ")" * 2_000: Fault.INPUT,
    "SELECT " + " AND ".join(["1"] * 2_000): Fault.INPUT,
    "SELECT abs(-9223372036854775808)": Fault.INPUT,
}


@pytest.mark.django_db
@pytest.mark.skipif("config.getoption('database') != 'sqlite'", reason="what SQLite says")
@pytest.mark.parametrize("statement", SQLITE, ids=lambda statement: statement[:30])
def test_what_sqlite_says_in_words(statement):
    with pytest.raises(Error) as raised, connection.cursor() as cursor:
        cursor.execute(statement)
    assert fault_of(raised.value) is SQLITE[statement]


@pytest.mark.django_db
@pytest.mark.skipif("config.getoption('database') != 'sqlite'", reason="what SQLite says")
def test_a_number_that_sqlite_cannot_hold_is_the_clients():
    with pytest.raises(OverflowError) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT %s", [2**63])
    assert fault_of(raised.value) is Fault.INPUT


@pytest.mark.parametrize("words", ["database is locked", "attempt to write a readonly database", "disk I/O error"])
def test_a_sqlite_that_is_busy_or_read_only_is_unavailable(words):
    error = OperationalError(words)
    error.__cause__ = sqlite3.OperationalError(words)
    assert fault_of(error) is Fault.UNAVAILABLE
