"""The sockets of this process by session, and the sessions that have ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tidewire.ground.revoked_sessions import RevokedSessions, sessions_of
from tidewire.protocol.codes import Code, Disconnect


class Closable(Protocol):
    """A connection, as far as its session is concerned."""

    def end(self, code: Code) -> None: ...


class Sessions:
    """Applies the control log to the connections of one process."""

    def __init__(self) -> None:
        self._open: dict[str, dict[Closable, None]] = {}
        self._ended = RevokedSessions()

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
        """Applies one event of the revocation log."""
        ended = sessions_of(payload)
        self._ended.add(ended)
        self._end(ended)

    def _end(self, session_ids: Iterable[str]) -> None:
        for session_id in session_ids:
            for connection in list(self._open.get(session_id, ())):
                connection.end(Disconnect.FORCE_NO_RECONNECT)
