"""The timeouts of PostgreSQL's sessions: asked for once in each, and lifted for migrations."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import pre_migrate
from django.test.utils import CaptureQueriesContext

from backend.stores import database
from tidewire.queries.session_settings import lifted, wanted

TIMEOUTS = {"idle_in_transaction_session_timeout": "10s", "statement_timeout": "30s", "lock_timeout": "10s"}

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite has no sessions"),
]


def shown() -> dict[str, str]:
    with connection.cursor() as cursor:
        found = {}
        for name in TIMEOUTS:
            cursor.execute(f"SHOW {name}")
            found[name] = cursor.fetchone()[0]
    return found


def test_each_session_has_them() -> None:
    assert shown() == wanted(connection) == TIMEOUTS
    connection.close()
    assert shown() == TIMEOUTS


def test_a_connection_from_the_pool_is_not_asked_again() -> None:
    connection.ensure_connection()
    connection.close()
    with CaptureQueriesContext(connection) as queries:
        connection.ensure_connection()
    assert [query["sql"] for query in queries if "set_config" in query["sql"]] == []


def test_a_migration_has_none_and_what_follows_has_them_again() -> None:
    with lifted(connection):
        assert shown() == dict.fromkeys(TIMEOUTS, "0")
        connection.close()
        assert shown() == dict.fromkeys(TIMEOUTS, "0")
    assert shown() == TIMEOUTS


def test_the_command_has_none() -> None:
    seen: list[dict[str, str]] = []

    def look(**kwargs: object) -> None:
        seen.append(shown())

    pre_migrate.connect(look)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(look)
    assert seen
    assert all(each == dict.fromkeys(TIMEOUTS, "0") for each in seen)
    assert shown() == TIMEOUTS


def test_nothing_is_sent_when_the_connection_is_opened(tmp_path) -> None:
    """Poolers refuse `options`."""
    assert "options" not in database("postgres://user:password@host/name", tmp_path, pool_size=5)["OPTIONS"]
