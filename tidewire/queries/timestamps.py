"""PostgreSQL's timestamps, read by Python's own parser: psycopg's is a regular expression and arithmetic, ten times as
slow, and every row has several of them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

TIMESTAMPTZ = 1184
"""What PostgreSQL calls the type, in pg_type."""


def quicken(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Has this connection read the times that it shows in UTC (as it does unless DATABASES says otherwise) quickly."""
    if connection.vendor != "postgresql":
        return
    from psycopg.adapt import Transformer  # noqa: F401  psycopg, not its predecessor, which knows no loaders
    from psycopg.pq import Format

    adapters = connection.connection.adapters
    loader = adapters.get_loader(TIMESTAMPTZ, Format.TEXT)
    if getattr(loader, "timezone", None) is UTC and not hasattr(loader, "slowly"):
        adapters.register_loader(TIMESTAMPTZ, _quick(loader))


@cache
def _quick(slow: type) -> type:
    """The loader, with a way round for what is written as nearly all times are. The others go the long way: years that
    Python has not, `infinity`, another time zone, another DateStyle."""

    class QuickLoader(slow):
        def load(self, data: Any) -> datetime:
            try:
                at = datetime.fromisoformat(str(data, "ascii"))
            except ValueError:
                return self.slowly(data)
            return at if at.tzinfo is UTC else self.slowly(data)

        def slowly(self, data: Any) -> datetime:
            return super().load(data)

    return QuickLoader


connection_created.connect(quicken, dispatch_uid="tidewire.timestamps")
