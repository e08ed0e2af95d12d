"""Start-up checks of the engine's settings."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks

from tidewire.ground.conf import DEFAULTS, conf

SUPPORTED = ("django.db.backends.sqlite3", "django.db.backends.postgresql")


@checks.register("tidewire")
def check_settings(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses unknown settings, a missing AUTHENTICATE, and a database that the log cannot be kept in."""
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
    return found
