"""The sockets of this process by session, and the sessions that have ended."""

from __future__ import annotations

import json
import time
from typing import Protocol

from realtime.codes import Code, Disconnect

REMEMBER_SECONDS = 3600.0
"""How long an ended session is remembered: longer than any access token lives, so that no old token opens a socket."""


class Closable(Protocol):
    """A connection, as far as its session is concerned."""

    def end(self, code: Code) -> None: ...


class Sessions:
    """Applies the control log to the connections of one process."""

    def __init__(self) -> None:
        self._open: dict[str, dict[Closable, None]] = {}
        self._ended: dict[str, float] = {}

    def add(self, session_id: str, connection: Closable) -> None:
        self._open.setdefault(session_id, {})[connection] = None

    def discard(self, session_id: str, connection: Closable) -> None:
        group = self._open.get(session_id)
        if group is not None:
            group.pop(connection, None)
            if not group:
                del self._open[session_id]

    def has_ended(self, session_id: str | None) -> bool:
        return session_id in self._ended

    def apply(self, payload: str) -> None:
        """One event of the control log. Unknown ones (a newer release) are passed over."""
        event = json.loads(payload)
        if event.get("type") == "sessions.ended":
            for session_id in event["data"]["sessions"]:
                self._end(session_id)

    def _end(self, session_id: str) -> None:
        now = time.monotonic()
        self._ended[session_id] = now
        for connection in list(self._open.get(session_id, ())):
            connection.end(Disconnect.FORCE_NO_RECONNECT)
        while self._ended and (oldest := next(iter(self._ended))) and self._ended[oldest] < now - REMEMBER_SECONDS:
            del self._ended[oldest]
