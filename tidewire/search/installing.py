"""Makes the index of each searched model after `migrate`, and makes it anew when what it is made of has changed.

Nothing is to be written by hand: not for a model that is declared later, not for another language, and not for a table
that a migration has copied, which on SQLite loses its triggers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.db import connections, router
from django.db.migrations.operations import AlterField, RemoveField
from django.db.models import Model
from django.db.models.signals import post_migrate, pre_migrate
from django.db.transaction import atomic

from tidewire.declare.registry import registry
from tidewire.search import postgresql, sqlite
from tidewire.search.indexes import SearchedColumns, searched_columns

DIALECTS: dict[str, Any] = {"postgresql": postgresql, "sqlite": sqlite}


def connect(app_config: Any) -> None:
    """Called once, when the app is ready. `app_config` is the engine's."""
    post_migrate.connect(_after_migrate, sender=app_config, dispatch_uid="tidewire.search")
    pre_migrate.connect(_before_migrate, sender=app_config, dispatch_uid="tidewire.search")


def wanted(using: str) -> dict[str, SearchedColumns]:
    """Returns {table: what is searched of it} of the models in this database."""
    models = [model for model in registry.models() if router.allow_migrate_model(using, model)]
    found = [searched for model in models if (searched := searched_columns(model))]
    return {searched.table: searched for searched in found}


def outdated(using: str) -> tuple[list[str], list[SearchedColumns]]:
    """Returns the tables whose index is wrong, or no longer wanted; and the indexes that are missing."""
    connection, expected = connections[using], wanted(using)
    if connection.vendor not in DIALECTS:
        return [], []
    with connection.cursor() as cursor:
        known = DIALECTS[connection.vendor].installed(cursor)
        is_right = {table for table, digest in known.items() if table in expected and expected[table].digest == digest}
        missing = [searched for table, searched in expected.items() if table not in is_right]
        return [table for table in known if table not in is_right], list(_possible(connection, cursor, missing))


def _possible(connection: Any, cursor: Any, missing: list[SearchedColumns]) -> Iterator[SearchedColumns]:
    """Yields those whose columns exist: a table may be at an earlier migration."""
    tables = set(connection.introspection.table_names(cursor)) if missing else set()
    for searched in missing:
        if searched.table in tables:
            described = connection.introspection.get_table_description(cursor, searched.table)
            if {searched.key, *searched.columns} <= {column.name for column in described}:
                yield searched


def install(using: str) -> list[str]:
    """Makes the indexes of this database as they are declared. Returns the names of the tables with a new one."""
    connection = connections[using]
    wrong, missing = outdated(using)
    if not (wrong or missing):
        return []
    dialect = DIALECTS[connection.vendor]
    with atomic(using=using), connection.cursor() as cursor:
        for table in wrong:
            dialect.remove(cursor, table)
        for searched in missing:
            dialect.install(cursor, searched)
    with connection.cursor() as cursor:
        for searched in missing:
            dialect.analyze(cursor, searched)
    return [searched.table for searched in missing]


def _after_migrate(using: str, verbosity: int = 0, stdout: Any = None, **kwargs: Any) -> None:
    if "plan" not in kwargs:  # `manage.py flush`
        return
    for table in install(using):
        if verbosity and stdout is not None:
            stdout.write(f"  The search index of {table} was made.\n")


def _before_migrate(using: str, plan: Sequence[tuple[Any, bool]] = (), **kwargs: Any) -> None:
    """Removes the index of a model that loses a column, or whose searched column changes: the databases would refuse,
    because the index needs the column. It is made again when all migrations are done."""
    connection = connections[using]
    tables = {
        model._meta.db_table
        for migration, _ in plan
        for operation in migration.operations
        if (model := _changed_model(migration.app_label, operation)) is not None
    }
    if not tables or connection.vendor not in DIALECTS:
        return
    dialect = DIALECTS[connection.vendor]
    with atomic(using=using), connection.cursor() as cursor:
        for table in tables & dialect.installed(cursor).keys():
            dialect.remove(cursor, table)


def _changed_model(app_label: str, operation: Any) -> type[Model] | None:
    """Returns the model of an operation that removes a column, or that changes one which is searched."""
    if not isinstance(operation, AlterField | RemoveField):
        return None
    try:
        model = apps.get_model(app_label, operation.model_name)
    except LookupError:  # a later migration deletes it
        return None
    searched = registry.searched_of(model)
    is_concerned = isinstance(operation, RemoveField) or not searched or operation.name in searched
    return model if is_concerned else None
