"""What this process knows of each session of PostgreSQL: the statements that are prepared in it, and its settings.

A session is one connection of the driver; with a pool, several of Django's connections use it one after the other.
Every statement of a PostgreSQL connection runs inside `watch_errors`, which is installed when Django connects.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tidewire.queries.errors import is_lost_statement, is_read_only, is_unknown_statement

logger = logging.getLogger(__name__)

are_names_kept = True
"""Whether the sessions of this process keep the names of prepared statements, as far as is known."""


class Session:
    """One session of the database.

    names: {statement: the EXECUTE that runs it}.
    settings: what the session was asked for (session_settings.py); None before.
    is_pooled: whether a pooler is in between, so that the next transaction may have another session.
    token: makes the names unlike those of another session, also behind a pooler that mixes sessions.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.settings: Mapping[str, str] | None = None
        self.is_pooled = False
        self.token = secrets.token_hex(4)


_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def session_of(connection: BaseDatabaseWrapper) -> Session:
    """Returns the session of an open connection."""
    session = _sessions.get(connection.connection)
    if session is None:
        session = _sessions[connection.connection] = Session()
    return session


def watch_errors(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """A wrapper around a connection's statements, as `connection.execute_wrapper` installs them."""
    try:
        return execute(sql, params, many, context)
    except DatabaseError as error:
        _note(context["connection"], error.__cause__)
        raise


def keep_no_names() -> None:
    """Ends the use of prepared statements in this process: they would meet sessions that do not know them."""
    global are_names_kept
    if are_names_kept:
        are_names_kept = False
        logger.warning("the database's sessions keep no prepared statements, as behind a pooler: none are used now")


def _note(connection: BaseDatabaseWrapper, error: BaseException | None) -> None:
    """Notes what an error of the driver says about its session."""
    if is_lost_statement(error):
        session_of(connection).names.clear()
        if is_unknown_statement(error):
            keep_no_names()
    if is_read_only(error):
        # The primary has become a standby and keeps its connections. The pool replaces a closed one, and finds the new
        # primary where the name or the balancer leads by then.
        connection.connection.close()


def _watch(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "postgresql" and watch_errors not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, watch_errors)  # the innermost


connection_created.connect(_watch, dispatch_uid="tidewire.sessions")
