"""Start-up checks of the engine's settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from tidewire.declare.kinds import Retention
from tidewire.ground.conf import DEFAULTS, conf
from tidewire.ground.positions import MESSAGE_BYTES
from tidewire.ground.revoked_sessions import CLOCK_SECONDS

CONNECT_BYTES = 4096  # a connect with its token
SUBSCRIBE_BYTES = 256  # a subscribe that recovers, in JSON, with the longest name of a stream
MIN_RETENTION_SECONDS = 300
SUPPORTED = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


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
    if not conf.AUTHENTICATE:
        found.append(
            checks.Error(
                "TIDEWIRE['AUTHENTICATE'] is not set",
                hint="Name a function (credential: str) -> tidewire.credentials.Identity.",
                id="tidewire.E002",
            )
        )
    if settings.DATABASES["default"]["ENGINE"] not in SUPPORTED:
        found.append(
            checks.Error(
                "the event log needs PostgreSQL or SQLite",
                hint="Streams are locked and numbered by INSERT … ON CONFLICT … RETURNING.",
                id="tidewire.E003",
            )
        )
    return found + contradictions() + forgetting()


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
    least: list[tuple[str, int, str]] = [
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
        ("MAX_UNREAD_BYTES", 2 * MESSAGE_BYTES, "a page of a recovery must fit beside live events"),
    ]
    return [
        checks.Error(
            f"TIDEWIRE[{name!r}] is {getattr(conf, name)}, which contradicts other limits: {reason}",
            hint=f"Set it to {value} or more.",
            id="tidewire.E005",
        )
        for name, value, reason in least
        if getattr(conf, name) < value
    ]
