"""The sessions that were revoked lately, and how an event of the revocation log names them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from typing import Any

from tidewire.ground.conf import conf

CLOCK_SECONDS = 300.0
"""How far the clocks may differ of the process that made a token and of the one that it is shown to, and more."""


def remember_seconds() -> float:
    """Returns how long a revoked session is remembered: longer than any of its tokens lives, so that no old one opens a
    socket."""
    return conf.TOKEN_SECONDS + CLOCK_SECONDS


class RevokedSessions:
    """The ids of the sessions that were revoked in the last `remember_seconds()`. Safe to use from any thread."""

    def __init__(self) -> None:
        self._revoked_at: dict[str, float] = {}  # by the monotonic clock, oldest first
        self._lock = threading.Lock()

    def __contains__(self, session_id: str | None) -> bool:
        return session_id in self._revoked_at

    def __len__(self) -> int:
        return len(self._revoked_at)

    def add(self, session_ids: Iterable[str]) -> None:
        """Remembers these sessions, and forgets those that were revoked too long ago."""
        now, kept = time.monotonic(), remember_seconds()
        with self._lock:
            for session_id in session_ids:
                self._revoked_at.pop(session_id, None)
                self._revoked_at[session_id] = now
            while self._revoked_at:
                oldest = next(iter(self._revoked_at))
                if self._revoked_at[oldest] >= now - kept:
                    break
                del self._revoked_at[oldest]


def sessions_of(payload: str) -> list[str]:
    """The ids of the sessions that an event of the revocation log ends.

    `payload` is the event's JSON. An event of an unknown type, from a newer release, ends none.
    """
    event: dict[str, Any] = json.loads(payload)
    return event["data"]["sessions"] if event.get("type") == "sessions.revoked" else []
