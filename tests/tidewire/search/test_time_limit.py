"""A search ends in time, on both databases; on PostgreSQL it has a second plan, and leaves its session as it was."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection

from tidewire.search.time_limit import SearchTimeoutError, in_time

pytestmark = pytest.mark.django_db(transaction=True)

SLOW = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT count(*) FROM n"
"""Takes many seconds."""


def execute(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True)
def _limit(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "SEARCH_SECONDS": 1.0}


def test_what_takes_too_long_ends():
    with pytest.raises(SearchTimeoutError):
        in_time(lambda: execute(SLOW))
    assert in_time(lambda: execute("SELECT 1")) == 1


def test_after_a_search_statements_may_take_their_time():
    in_time(lambda: execute("SELECT 1"))
    with pytest.raises(SearchTimeoutError):
        in_time(lambda: execute(SLOW))
    assert execute(SLOW.replace("100000000", "1000000")) == 1_000_000
    if connection.vendor == "postgresql":
        for name, value in (("enable_indexscan", "on"), ("enable_seqscan", "on"), ("statement_timeout", "30s")):
            assert execute(f"SHOW {name}") == value


def test_other_errors_are_raised_as_they_are():
    with pytest.raises(OperationalError if connection.vendor == "sqlite" else Exception, match="no_such_table"):
        in_time(lambda: execute("SELECT 1 FROM no_such_table"))


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one plan")
@pytest.mark.parametrize("fast", [["off"], ["on"]])
def test_a_plan_that_is_slow_makes_way_for_another(fast):
    """The second plan reads the index of words. The first has another try, for longer, when that is slow, too."""
    plans: list[str] = []

    def read() -> int:
        plans.append(execute("SHOW enable_indexscan"))
        return execute("SELECT 2" if plans[1:] and plans[-1] in fast else SLOW)

    assert in_time(read) == 2
    assert plans == (["on", "off"] if fast == ["off"] else ["on", "off", "on"])
    assert execute("SHOW jit") == execute("SELECT reset_val FROM pg_settings WHERE name = 'jit'")
