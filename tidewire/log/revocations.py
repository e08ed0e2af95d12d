"""Which sessions have ended, as far as this process knows: for whoever checks a token without asking the database.

The hub follows the control log, in which every ending stands. What this very process ended is known in the step after
its COMMIT, before anybody is answered; what others ended, within the poll's interval. A process that does not follow
the log, or lately could not read it, does not know: it must ask.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from django.db import DEFAULT_DB_ALIAS

from tidewire.ground.actors import Actor, current_actor
from tidewire.ground.streams import REVOCATIONS
from tidewire.transactions.commit import note
from tidewire.transactions.notes import Note

if TYPE_CHECKING:
    from tidewire.ground.recorded import Recorded

REMEMBER_SECONDS = 3600.0
"""How long an ended session is remembered: longer than any access token lives, so that no old token opens a socket."""

MARGIN_SECONDS = 60.0
"""Clocks differ: of the writer of an ending, of who issued a token, and ours."""


class Follower(Protocol):
    """The hub. Asked from any thread."""

    @property
    def is_current(self) -> bool: ...

    def has_ended(self, session_id: str | None) -> bool: ...


_follower: Follower | None = None
_ended_here: dict[str, float] = {}
_lock = threading.Lock()


def attach(follower: Follower) -> None:
    """This process follows the control log from now on."""
    global _follower
    _follower = follower


def detach(follower: Follower) -> None:
    global _follower
    if _follower is follower:
        _follower = None


def sessions_of(payload: str) -> list[str]:
    """The sessions that an event of the control log ends. Unknown ones (a newer release) end none."""
    event = json.loads(payload)
    return event["data"]["sessions"] if event.get("type") == "sessions.revoked" else []


def note_committed(recorded: Iterable[Recorded]) -> None:
    """What this process has just ended. Called in the step after COMMIT, in any thread."""
    for event in recorded:
        if event.stream == REVOCATIONS:
            with _lock:
                remember(_ended_here, sessions_of(event.payload))


def remember(ended: dict[str, float], session_ids: Iterable[str]) -> None:
    """Adds sessions to those that have ended, oldest first, and forgets what is old."""
    now = time.monotonic()
    for session_id in session_ids:
        ended[session_id] = now
    while ended and ended[oldest := next(iter(ended))] < now - REMEMBER_SECONDS:
        del ended[oldest]


def is_alive(session_id: str, issued_at: float) -> bool | None:
    """Whether this session, with a token issued then, goes on; None where this process does not know.

    An ending is remembered for a time. A token older than that may have outlived what is remembered of it.
    """
    if session_id in _ended_here:
        return False
    follower = _follower
    if follower is None or not follower.is_current or time.time() - issued_at > REMEMBER_SECONDS - MARGIN_SECONDS:
        return None
    return not follower.has_ended(session_id)


@dataclass(frozen=True, slots=True)
class RevocationNote(Note):
    """Sessions of one user that have ended."""

    user_id: str
    session_ids: tuple[str, ...]
    actor: Actor


def revoke_sessions(user_id: str, session_ids: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> None:
    """Ends the sockets of these sessions, and keeps their tokens from opening others. Call it inside the transaction
    that ends the sessions in your own tables."""
    ids = tuple(str(id) for id in session_ids)
    if ids:
        note(using, [RevocationNote(str(user_id), ids, current_actor())])
