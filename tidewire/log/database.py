"""The database that holds the log, and its clock.

The writers' clocks may differ from each other, so streams are stamped by the database's own clock, read when the row is
written (not when the transaction began).
"""

from __future__ import annotations

from django.db import DEFAULT_DB_ALIAS, connections, router

from tidewire.log.tables import Event

_NOW = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now')"}
_AGO = {
    # A query of its own is run once. The clock is volatile: without it the whole table would be compared, row by row.
    "postgresql": "(SELECT clock_timestamp() - make_interval(secs => %s))",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', (-%s) || ' seconds')",
}


def log_alias() -> str:
    """Returns the alias of the database that holds the log: the one of the live models, whose transaction it shares."""
    return router.db_for_write(Event) or DEFAULT_DB_ALIAS


def holds_log(alias: str) -> bool:
    """Returns whether a transaction of this database can record events."""
    log = log_alias()
    return alias == log or is_same_database(alias, log)


def is_same_database(alias: str, other: str) -> bool:
    """Returns whether two aliases mean one database, by their settings."""
    if connections[alias] is connections[other]:  # also a mirror of the test runner's
        return True
    one, two = ({name: connections[each].settings_dict[name] for name in _PLACE} for each in (alias, other))
    return one == two and bool(one["NAME"])


_PLACE = ("ENGINE", "NAME", "HOST", "PORT")


def now_sql(vendor: str) -> str:
    """Returns the SQL expression for the present time. Its percent signs are doubled, as in text with parameters."""
    return _NOW[vendor]


def ago_sql(vendor: str) -> str:
    """Returns the SQL expression for the time some seconds ago, with one parameter: the seconds."""
    return _AGO[vendor]
