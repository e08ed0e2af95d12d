"""The lookup `contains_ignoring_case`, which gives the same rows on both databases, in every alphabet.

Django's `icontains` ignores case in ASCII only on SQLite, and on PostgreSQL as far as the database's locale goes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import CharField, Lookup

UNICODE_COLLATION = "und-x-icu"
"""PostgreSQL's collation of all languages, where it was built with ICU (as Debian's and the hosted ones are)."""


@CharField.register_lookup
class ContainsIgnoringCase(Lookup):
    """Whether a text holds another one, both in capitals: that way `ß` finds `SS`, and both small sigmas find `Σ`."""

    lookup_name = "contains_ignoring_case"
    prepare_rhs = True

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"INSTR(UNICODE_UPPER({left}), UNICODE_UPPER({right})) > 0", (*left_params, *right_params)

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> tuple[str, tuple[Any, ...]]:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        collation = f' COLLATE "{UNICODE_COLLATION}"' if _has_unicode_collation(connection.alias) else ""
        return f"STRPOS(UPPER({left}{collation}), UPPER({right}::text{collation})) > 0", (*left_params, *right_params)


@lru_cache
def _has_unicode_collation(alias: str) -> bool:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_collation WHERE collname = %s", [UNICODE_COLLATION])
        return cursor.fetchone() is not None


def _add_function(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("UNICODE_UPPER", 1, _upper, deterministic=True)


def _upper(text: str | None) -> str | None:
    return None if text is None else text.upper()


connection_created.connect(_add_function, dispatch_uid="api.models.lookups")
