"""A database that was made while the engine was called `realtime` is refused, by migrate and by servers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core import checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import OperationalError, connection

from backend.checks import refuse_to_start_with_errors
from tidewire.management.commands.serve import Command as Serve

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _old_table() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE realtime_stream (id integer)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE realtime_stream")


def found() -> list[str | None]:
    return [problem.id for problem in checks.run_checks(tags=["tidewire"], databases=["default"])]


def test_a_fresh_database_is_accepted(django_assert_num_queries):
    with django_assert_num_queries(2):  # the names of the tables, and the search indexes
        assert found() == []
    refuse_to_start_with_errors()


@pytest.mark.usefixtures("_old_table")
def test_a_database_with_the_old_table_is_refused():
    (problem,) = checks.run_checks(tags=["tidewire"], databases=["default"])
    assert problem.id == "tidewire.E004"
    assert problem.msg == (
        "the database 'default' was made by an earlier state of Tidewire: it has a table 'realtime_stream'"
    )
    assert "Use a fresh database" in str(problem.hint)


@pytest.mark.usefixtures("_old_table")
def test_migrate_refuses_it():
    with pytest.raises(SystemCheckError, match=r"tidewire\.E004"):
        call_command("migrate", skip_checks=False, verbosity=0)


@pytest.mark.usefixtures("_old_table")
def test_serve_refuses_it():
    with pytest.raises(SystemCheckError, match=r"tidewire\.E004"):
        call_command(Serve(), fd=999_999, skip_checks=False)


@pytest.mark.usefixtures("_old_table")
async def test_a_server_that_loads_the_application_inside_its_loop_refuses_it():
    """As uvicorn does: no statement may run in a thread with an event loop."""
    with pytest.raises(SystemCheckError, match=r"tidewire\.E004"):
        refuse_to_start_with_errors()


@pytest.mark.usefixtures("_old_table")
def test_checks_that_may_not_use_the_database_do_not(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert checks.run_checks(tags=["tidewire"]) == []


def test_a_database_that_is_away_is_not_refused(monkeypatch):
    def fail(cursor: object) -> None:
        raise OperationalError("the connection was closed")

    monkeypatch.setattr(connection.introspection, "get_table_list", fail)
    assert found() == []


@pytest.mark.usefixtures("_old_table")
def test_the_check_leaves_no_connection_open():
    connection.close()
    assert found() == ["tidewire.E004"]
    assert connection.connection is None
    with connection.cursor():
        assert found() == ["tidewire.E004"]
    assert connection.connection is not None
