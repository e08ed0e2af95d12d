"""Warnings about SQL that changes a live model's table and is not noted, because it does not come from the ORM.

They are given with DEBUG, and in tests that use the testing kit. A deployment does not pay for them.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tidewire.declare.registry import registry

_WRITTEN = re.compile(
    r'\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?"?(\w+)', re.I
)
_NOTED = ("django.db.models.sql", "tidewire.queries.", "tidewire.capture.bulk", "django.core.management.commands.flush")
"""Modules whose statements are noted: the ORM's, and those of the fast path."""
_WRAPPERS = ("tidewire.queries.round_trips.__call__", "tidewire.queries.sessions.watch_errors")
"""Functions that see every statement of a connection, and so say nothing about one."""
_SCHEMA, _RAW_MIGRATION = ".schema", "django.db.migrations.operations.special"


class UnnoticedWriteWarning(UserWarning):
    """A statement changed the table of a live model, and no event will tell of it."""


def warn_with_debug() -> None:
    """Makes every connection of this process warn, if DEBUG is set. Called once, when the app is ready."""
    if settings.DEBUG:
        connection_created.connect(_wrap, dispatch_uid="tidewire.raw_writes")


def _wrap(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if _warning not in connection.execute_wrappers:
        connection.execute_wrappers.append(_warning)


@contextmanager
def warnings_of_raw_writes() -> Iterator[None]:
    """Makes the connections of this thread warn inside the block."""
    with ExitStack() as stack:
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(_warning))
        yield


def _warning(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    written = {name.lower() for name in _WRITTEN.findall(str(sql))} & _live_tables()
    if written and not _is_noted():
        warnings.warn(
            f"SQL changed {', '.join(sorted(written))}, and no event tells of it. Write by the ORM, or call "
            "tidewire.touch(queryset) in the same transaction.",
            UnnoticedWriteWarning,
            stacklevel=2,
        )
    return execute(sql, params, many, context)


def _live_tables() -> set[str]:
    return {model._meta.db_table.lower() for model in registry.models()}


def _is_noted() -> bool:
    """Returns whether the present statement comes from the ORM, by the modules on the stack.

    A receiver of a signal, which the ORM called, may run SQL of its own.
    """
    frame, found = sys._getframe(2), set[str]()
    while frame is not None and not (name := frame.f_globals.get("__name__", "")).startswith("django.dispatch"):
        if f"{name}.{frame.f_code.co_name}" not in _WRAPPERS:
            found.add(name)
        frame = frame.f_back
    is_schema_change = any(name.endswith(_SCHEMA) for name in found) and _RAW_MIGRATION not in found
    return is_schema_change or any(name.startswith(_NOTED) for name in found)
