"""What ends everywhere at once: sessions and keys, for a logout, a password change, a deactivation, a revocation.

An ending is an event of the control stream, in the transaction that ends the session. Every later event of any stream
names the control offset that its writer saw, and no hub delivers it before it has applied the control log that far: so
nothing written after the ending was answered reaches the sockets it ends, on any process, without comparing clocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from realtime.actors import Actor, current_actor
from realtime.changes import Note, note


@dataclass(frozen=True, slots=True)
class Ending(Note):
    """Sessions of one user that have ended."""

    user_id: str
    session_ids: tuple[str, ...]
    actor: Actor


def end_sessions(user_id: str, session_ids: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> None:
    """Ends the sockets of these sessions, and keeps their tokens from opening others. Call it inside the transaction
    that ends the sessions in your own tables."""
    ids = tuple(str(id) for id in session_ids)
    if ids:
        note(using, [Ending(str(user_id), ids, current_actor())])
