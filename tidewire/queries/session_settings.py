"""What PostgreSQL is asked for in every session: the timeouts of `DATABASES[...]["SESSION_SETTINGS"]`.

They are not sent when the connection is opened (libpq's `options`), because poolers refuse that. Each new session is
asked for them once, in one round trip that also shows whether a pooler is in between.

A pooler in transaction mode (PgBouncer) gives each transaction some session of its own, so asking one session is not
enough. There they become the defaults of the role in this database (`ALTER ROLE … IN DATABASE … SET`), which hold in
every session that the pooler opens from then on. A standby takes no ALTER ROLE: behind a pooler each transaction on it
begins with the settings instead. What needs a session that stays is turned off: prepared statements and
cursors of the server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tidewire.queries import sessions

logger = logging.getLogger(__name__)

IDLE = 0
"""libpq's state of a connection that is in no transaction: the next statement begins one."""

_standbys: set[str] = set()
"""The aliases of databases that were found to be a standby behind a pooler."""
_checked_roles: set[str] = set()
"""The aliases of databases whose role was found to have the defaults, or was given them."""


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Turns the settings off (to 0) for this connection inside the block, as `migrate` needs: its statements may take
    hours.

    Behind a pooler only transactions are free of them: a statement outside a transaction keeps the role's defaults.
    """
    settings = wanted(connection)
    if not settings:
        yield
        return
    connection.ensure_connection()
    zeros = dict.fromkeys(settings, "0")
    if sessions.session_of(connection).is_pooled:
        logger.warning(
            "migrations that run outside a transaction keep their timeouts behind a pooler: avoid it for them"
        )
        with connection.execute_wrapper(_LocalSettings(zeros)):
            yield
        return
    connection.settings_dict["SESSION_SETTINGS"] = zeros
    _ask(connection)
    try:
        yield
    finally:
        connection.settings_dict["SESSION_SETTINGS"] = settings
        if connection.connection is not None:
            _ask(connection)


def wanted(connection: BaseDatabaseWrapper) -> Mapping[str, str]:
    """Returns {name: value} of the settings that a session of this connection should have."""
    return connection.settings_dict.get("SESSION_SETTINGS", {}) if connection.vendor == "postgresql" else {}


def _on_connect(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """Runs whenever Django takes a connection, from a pool or anew."""
    if wanted(connection) and sessions.session_of(connection).settings is not wanted(connection):
        _ask(connection)
    if connection.alias in _standbys and not any(isinstance(each, _LocalSettings) for each in _wrappers(connection)):
        _wrappers(connection).append(_LocalSettings(wanted(connection)))


def _wrappers(connection: BaseDatabaseWrapper) -> list[Any]:
    return connection.execute_wrappers


def _ask(connection: BaseDatabaseWrapper) -> None:
    session, settings = sessions.session_of(connection), wanted(connection)
    with connection.cursor() as cursor:
        calls = ", ".join("set_config(%s, %s, false)" for _ in settings)
        cursor.execute(f"SELECT pg_backend_pid(), {calls}", [part for pair in settings.items() for part in pair])
        (pid, *_) = cursor.fetchone()
    session.settings = settings
    session.is_pooled = pid != connection.connection.info.backend_pid
    if session.is_pooled:
        _adapt_to_pooler(connection)


def _adapt_to_pooler(connection: BaseDatabaseWrapper) -> None:
    sessions.keep_no_names()
    connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = True
    if _is_standby(connection):
        _standbys.add(connection.alias)
        return
    _standbys.discard(connection.alias)
    if connection.alias in _checked_roles:
        return
    _checked_roles.add(connection.alias)
    try:
        _set_defaults_of_role(connection)
    except DatabaseError as error:
        logger.warning(
            "behind a pooler, the timeouts must be defaults of the database's role, and could not be set: %s. "
            "Run ALTER ROLE … IN DATABASE … SET statement_timeout = '30s', and so on.",
            str(error).strip(),
        )


def _is_standby(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_is_in_recovery()")
        return bool(cursor.fetchone()[0])


def _set_defaults_of_role(connection: BaseDatabaseWrapper) -> None:
    """Gives the role each of the settings for which it has no default yet: an operator's own values stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, current_database(), unnest(setconfig) FROM pg_db_role_setting "
            "WHERE setrole = (SELECT oid FROM pg_roles WHERE rolname = current_user) "
            "AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))"
        )
        known = {setting.partition("=")[0] for _, _, setting in cursor.fetchall()}
        if missing := {name: value for name, value in wanted(connection).items() if name not in known}:
            database = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
            for name, value in missing.items():
                cursor.execute(f"ALTER ROLE CURRENT_USER IN DATABASE {database} SET {name} = %s", [value])
            logger.warning("behind a pooler: %s are defaults of the database's role now", ", ".join(sorted(missing)))


class _LocalSettings:
    """A wrapper around a connection's statements: each transaction begins with these settings, for itself alone."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._statement = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in settings.items())

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        raw = context["connection"].connection
        if not raw.autocommit and raw.info.transaction_status == IDLE:
            execute(self._statement, None, False, context)
        return execute(sql, params, many, context)


connection_created.connect(_on_connect, dispatch_uid="tidewire.session_settings")
