"""Start-up checks of the engine's settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.db import connections
from django.utils.module_loading import import_string

from tidewire.checks import functions
from tidewire.declare.kinds import Retention
from tidewire.ground.conf import DEFAULTS, conf
from tidewire.ground.positions import MESSAGE_BYTES
from tidewire.ground.revoked_sessions import CLOCK_SECONDS
from tidewire.log.database import log_alias

_SETS_WAL = re.compile(r"journal_mode\s*=\s*['\"]?wal\b", re.I)

SESSION_APPS = ("django.contrib.auth", "django.contrib.sessions")
CONNECT_BYTES = 4096  # a connect with its token
SUBSCRIBE_BYTES = 256  # a subscribe that recovers, in JSON, with the longest name of a stream
MIN_RETENTION_SECONDS = 300
SUPPORTED = ("sqlite", "postgresql")
"""Vendors. What the engine of a database is called does not matter: PostGIS and wrappers have names of their own."""


@checks.register("tidewire")
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses unknown settings, a missing AUTHENTICATE, a database that the log cannot be kept in, and limits that
    contradict each other."""
    found: list[checks.CheckMessage] = [
        checks.Error(
            f"TIDEWIRE has an unknown setting {name!r}", hint=f"Known: {', '.join(DEFAULTS)}.", id="tidewire.E001"
        )
        for name in sorted(set(getattr(settings, "TIDEWIRE", {})) - set(DEFAULTS))
    ]
    if not conf.AUTHENTICATE and not conf.SESSION_COOKIES:
        found.append(
            checks.Error(
                "TIDEWIRE['AUTHENTICATE'] is not set",
                hint="Name a function (credential: str) -> tidewire.credentials.Identity.",
                id="tidewire.E002",
            )
        )
    if conf.SESSION_COOKIES and not all(map(apps.is_installed, SESSION_APPS)):
        found.append(
            checks.Error(
                "TIDEWIRE['SESSION_COOKIES'] is on, and the project has no sessions",
                hint="Add django.contrib.auth and django.contrib.sessions to INSTALLED_APPS, or turn it off.",
                id="tidewire.E009",
            )
        )
    return found + _check_functions() + _check_log_database() + contradictions() + forgetting()


def _check_functions() -> list[checks.CheckMessage]:
    """Refuses settings that name a function which does not exist, or which cannot be called as the engine calls it."""
    named = [("['AUTHENTICATE']", conf.AUTHENTICATE, "(credential)", False)]
    named += [("['MAY_COMMAND']", conf.MAY_COMMAND, "(identity)", False)]
    named += [("['CENTRIFUGO_IDENTITY']", conf.CENTRIFUGO_IDENTITY, "(user_id, meta)", False)]
    named += [(f"['RPC'][{name!r}]", path, "(context, data)", True) for name, path in conf.RPC.items()]
    found: list[checks.CheckMessage] = []
    for name, path, arguments, is_async in named:
        form = f"{'async ' * is_async}def …{arguments}"
        if path and (wrong := _wrong(path, arguments, is_async)):
            found.append(
                checks.Error(
                    f"TIDEWIRE{name} names {path!r}, which {wrong}",
                    hint=f"Give the dotted path of a function that is defined as `{form}`.",
                    id="tidewire.E008",
                )
            )
    return found


def _wrong(path: Any, arguments: str, is_async: bool) -> str | None:
    """Returns what is wrong with the function of this dotted path, or None."""
    try:
        function = import_string(path)
    except Exception as error:  # whatever the module does when it is imported
        return f"cannot be imported: {error}"
    return functions.complaint(function, arguments, is_async=is_async)


def _check_log_database() -> list[checks.CheckMessage]:
    """Refuses a database that the log cannot be kept in."""
    alias = log_alias()
    connection = connections[alias]
    if connection.vendor not in SUPPORTED:
        return [
            checks.Error(
                f"the event log needs PostgreSQL or SQLite, and DATABASES[{alias!r}] is {connection.vendor}",
                hint="Streams are locked and numbered by INSERT … ON CONFLICT … RETURNING. Route the live models, and "
                "the app tidewire, to a database of one of the two.",
                id="tidewire.E003",
            )
        ]
    if connection.vendor == "sqlite" and not _has_write_ahead_log(connection):
        return [
            checks.Error(
                f"DATABASES[{alias!r}] is SQLite without the write-ahead log: a reader would block the writers",
                hint='Write "OPTIONS": {"init_command": "PRAGMA journal_mode=WAL", "transaction_mode": "IMMEDIATE"}.',
                id="tidewire.E007",
            )
        ]
    return []


def _has_write_ahead_log(connection: Any) -> bool:
    """Returns whether an SQLite database has a write-ahead log, or will get one when it is opened.

    Reads the header of the file: opening it would make one where there is none. A database in memory needs none.
    """
    config = connection.settings_dict
    if connection.is_in_memory_db() or _SETS_WAL.search(config["OPTIONS"].get("init_command", "")):
        return True
    try:
        with Path(config["NAME"]).open("rb") as file:
            return file.read(20)[18:20] == b"\x02\x02"
    except OSError:  # no file yet
        return False


def forgetting() -> list[checks.CheckMessage]:
    """Returns an error when a token could live longer than the log of the revocations that end it."""
    kept = Retention().seconds
    if kept >= conf.TOKEN_SECONDS + CLOCK_SECONDS:
        return []
    return [
        checks.Error(
            f"TIDEWIRE['TOKEN_SECONDS'] is {conf.TOKEN_SECONDS:.0f}: a token could outlive the revocation of its"
            " session, which the log keeps for a time only",
            hint=f"Let tokens live {kept - CLOCK_SECONDS:.0f} seconds or less, and renew them.",
            id="tidewire.E006",
        )
    ]


def contradictions() -> list[checks.CheckMessage]:
    """Returns an error for each limit that could not be used to the full because of another one.

    A client that comes back subscribes to all of its streams at once. Some SDKs send the subscribes in one message,
    others in a message each. A limit in their way would close the connection again and again.
    """
    frame_bytes = CONNECT_BYTES + conf.MAX_SUBSCRIPTIONS * SUBSCRIBE_BYTES
    least: list[tuple[str, float, str]] = [
        ("MAX_COMMANDS", conf.MAX_SUBSCRIPTIONS + 1, "connect and MAX_SUBSCRIPTIONS subscribes may be one message"),
        ("MAX_QUEUED_MESSAGES", conf.MAX_SUBSCRIPTIONS + 1, "each of them may be a message of its own"),
        ("MAX_FRAME_BYTES", frame_bytes, f"a subscribe that recovers takes up to {SUBSCRIBE_BYTES} bytes"),
        ("MAX_QUEUED_BYTES", conf.MAX_FRAME_BYTES, "the longest message must fit (MAX_FRAME_BYTES)"),
        ("FRAME_BURST", conf.MAX_QUEUED_MESSAGES, "each waiting message is a frame or more (MAX_QUEUED_MESSAGES)"),
        (
            "RETENTION_SECONDS",
            MIN_RETENTION_SECONDS,
            "a client that comes back after minutes must find what it missed",
        ),
        ("PRUNE_SHARE", 0.01, "what is old would be deleted more slowly than it is written"),
        ("MAX_UNREAD_BYTES", 2 * MESSAGE_BYTES, "a page of a recovery must fit beside live events"),
    ]
    if conf.UNFINISHED_BODIES_BYTES:  # 0 is no limit
        largest = max(conf.MAX_BODY_BYTES, *conf.LARGER_BODIES.values(), 0)
        least.append(("UNFINISHED_BODIES_BYTES", largest, "the longest body must fit (MAX_BODY_BYTES, LARGER_BODIES)"))
    if conf.UNREAD_ANSWERS_BYTES:
        least.append(
            ("UNREAD_ANSWERS_BYTES", conf.UNREAD_ANSWER_BYTES, "what one connection may leave unread must fit")
        )
    return [
        checks.Error(
            f"TIDEWIRE[{name!r}] is {getattr(conf, name)}, which contradicts other limits: {reason}",
            hint=f"Set it to {value} or more.",
            id="tidewire.E005",
        )
        for name, value, reason in least
        if getattr(conf, name) < value
    ]
