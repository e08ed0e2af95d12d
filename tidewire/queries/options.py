"""What a PostgreSQL database's OPTIONS need for the fast path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def postgresql_options(pool: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Returns entries for OPTIONS of a PostgreSQL database in DATABASES: `cursor_factory`, and `pool`, with these
    settings of psycopg's pool. Without them everything works, with more round trips."""
    from tidewire.queries.postgresql import Connection, Cursor  # needs psycopg, which a project on SQLite has not

    return {"cursor_factory": Cursor, "pool": {**(pool or {}), "connection_class": Connection}}
