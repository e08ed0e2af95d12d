"""How large the database and its tables are, for the metrics: what grows shows before the disk is full."""

from __future__ import annotations

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections

from tidewire.ground import metrics


def measure(using: str = DEFAULT_DB_ALIAS) -> None:
    """Sets the gauges, in two queries at most. SQLite knows the size of its file only."""
    connection = connections[using]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            metrics.database_bytes.set(cursor.fetchone()[0])
            cursor.execute(
                "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
                "WHERE relkind = 'r' AND relname = ANY(%s) AND pg_table_is_visible(oid)",
                [tables()],
            )
            for table, size in cursor.fetchall():
                metrics.table_bytes.labels(table).set(size)
        elif connection.vendor == "sqlite":
            cursor.execute("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")
            metrics.database_bytes.set(cursor.fetchone()[0])


def tables() -> list[str]:
    """Returns the names of the tables of all installed models."""
    models = apps.get_models(include_auto_created=True)
    return sorted({model._meta.db_table for model in models if model._meta.managed and not model._meta.proxy})
