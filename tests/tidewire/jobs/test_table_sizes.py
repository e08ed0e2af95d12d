"""The sizes of the database and its tables, as metrics."""

import pytest
from django.db import connection
from prometheus_client import REGISTRY

from tidewire.jobs import table_sizes

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_database_has_a_size() -> None:
    table_sizes.measure_sizes()

    assert (REGISTRY.get_sample_value("tidewire_database_bytes") or 0) > 100_000


@pytest.mark.skipif("config.getoption('database') != 'postgresql'", reason="SQLite knows the size of its file only")
def test_every_table_has_a_size() -> None:
    table_sizes.measure_sizes()

    sizes = {table: REGISTRY.get_sample_value("tidewire_table_bytes", {"table": table}) for table in existing()}
    assert {table: size for table, size in sizes.items() if not size} == {}


def existing() -> set[str]:
    """Returns the tables that are there, but for Django's own list of migrations, which has no model."""
    return set(connection.introspection.table_names()) - {"django_migrations"}
