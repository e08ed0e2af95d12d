"""The time that a search may take, and PostgreSQL's other plan.

PostgreSQL first reads by the plan that it takes for the fastest, for a short time. It guesses from how frequent words
are in all rows. Where they are rare in those that the caller may read, or among the newest, it would walk along the
newest rows for seconds. So the search begins again and reads the index of words, whose time depends on how many rows
contain them all. Where that is slower still, the first plan gets the rest of the time. What takes longer than
SEARCH_SECONDS ends with an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.transaction import atomic

from tidewire.ground.conf import conf

LEAN = "SET LOCAL jit = off; SET LOCAL max_parallel_workers_per_gather = 0"
"""A search takes one process of the database, and no time to compile a statement that runs once."""
INDEX_ONLY = "SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off"
"""An index of words is read as a bitmap, so bitmaps are what is left."""
PLANS = ((0.05, LEAN), (0.45, f"{LEAN}; {INDEX_ONLY}"), (0.5, LEAN))
"""The part of SEARCH_SECONDS that each plan has, and its settings."""
STEPS = 20_000
"""Of SQLite's machine between two looks at the clock: some milliseconds."""

_CANCELLED = "57014"
"""The SQLSTATE of a statement that took longer than statement_timeout."""

T = TypeVar("T")


class SearchTimeoutError(Exception):
    """A search took longer than SEARCH_SECONDS."""


def in_time(read: Callable[[], T], using: str = DEFAULT_DB_ALIAS) -> T:
    """Returns what `read` returns, which runs the statements of one search.

    `read` may be called once for each of PLANS. Raises SearchTimeoutError, and what `read` raises.
    """
    connection: Any = connections[using]
    if connection.vendor == "sqlite":
        return _read_sqlite(read, connection)
    for part, settings in PLANS:
        limit = f"SET LOCAL statement_timeout = {max(1, round(part * conf.SEARCH_SECONDS * 1000))}"
        try:
            with atomic(using=using):
                with connection.cursor() as cursor:
                    cursor.execute(f"{limit}; {settings}")
                return read()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) != _CANCELLED:
                raise
    raise SearchTimeoutError


def _read_sqlite(read: Callable[[], T], connection: Any) -> T:
    until = time.monotonic() + conf.SEARCH_SECONDS
    connection.ensure_connection()
    connection.connection.set_progress_handler(lambda: time.monotonic() > until, STEPS)
    try:
        return read()
    except OperationalError:
        if time.monotonic() > until:
            raise SearchTimeoutError from None
        raise
    finally:
        connection.connection.set_progress_handler(None, 0)
