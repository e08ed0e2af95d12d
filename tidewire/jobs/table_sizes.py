"""How large the database and its tables are, for the metrics: what grows shows before the disk is full."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.jobs.measures import measure


@measure
def measure_sizes(using: str = DEFAULT_DB_ALIAS) -> None:
    """Sets the gauges, in two queries at most. SQLite knows the size of its file only."""
    connection, size = connections[using], 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            size = cursor.fetchone()[0]
            metrics.database_bytes.set(size)
            cursor.execute(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
                "WHERE relkind = 'r' AND relname = ANY(%s) AND pg_table_is_visible(oid)",
                [tables()],
            )
            for table, size in cursor.fetchall():
                metrics.table_bytes.labels(table).set(size)
        elif connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            size = cursor.fetchone()[0]
            metrics.database_bytes.set(size)
    metrics.database_max_bytes.set(conf.DATABASE_MAX_BYTES or _disk_bytes(connection, size))


def _disk_bytes(connection: BaseDatabaseWrapper, size: int) -> int:
    """Returns what SQLite's file may grow to: its `size` and the free space of its disk. 0 where that is not known."""
    path = Path(str(connection.settings_dict["NAME"]))
    if connection.vendor != "sqlite" or not path.is_file():
        return 0
    return size + shutil.disk_usage(path.parent).free


def tables() -> list[str]:
    """Returns the names of the tables of all installed models."""
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy})
