"""Revocations: how an application ends sessions, and whether this process knows that one has ended.

`revoke_sessions` notes the end of sessions, which becomes an event of the revocation log in the same transaction. Every
hub follows that log and closes the sockets of the sessions that it names.

`is_alive` is for code that checks a token without asking the database. A session that this very process revoked is
known as soon as its transaction has committed, before the request is answered; one that another process revoked, within
the poll interval. A process that does not follow the revocation log, or lately could not read it, does not know: the
caller must ask the database.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db import DEFAULT_DB_ALIAS

from tidewire.ground.actors import Actor, current_actor
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.revoked_sessions import RevokedSessions, remember_seconds, sessions_of
from tidewire.ground.streams import REVOCATIONS
from tidewire.transactions.commit import note
from tidewire.transactions.notes import Note

MARGIN_SECONDS = 60.0
"""How far the clocks may differ of the process that revoked a session, of the one that issued a token, and ours."""


# -- revoke --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RevocationNote(Note):
    """The end of some sessions of one user."""

    user_id: str
    session_ids: tuple[str, ...]
    actor: Actor


def revoke_sessions(user_id: str, session_ids: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> None:
    """Closes the sockets of these sessions, and keeps their tokens from opening others.

    Call it inside the transaction that ends the sessions in your own tables.
    """
    ids = tuple(str(id) for id in session_ids)
    if ids:
        note(using, [RevocationNote(str(user_id), ids, current_actor())])


# -- what this process knows ---------------------------------------------------------------------------------------


class Follower(Protocol):
    """The hub, which follows the revocation log. Asked from any thread."""

    @property
    def is_current(self) -> bool:
        """Whether it has read the log within the last poll intervals."""
        ...

    def has_ended(self, session_id: str | None) -> bool: ...


_follower: Follower | None = None
_revoked_here = RevokedSessions()


def attach(follower: Follower) -> None:
    """Makes `is_alive` ask this follower, from now on."""
    global _follower
    _follower = follower


def detach(follower: Follower) -> None:
    """Takes the follower away again, if it is the attached one."""
    global _follower
    if _follower is follower:
        _follower = None


def remember_committed(recorded: Iterable[RecordedEvent]) -> None:
    """Remembers the sessions that this process has just revoked. Called right after COMMIT, in any thread."""
    for event in recorded:
        if event.stream == REVOCATIONS:
            _revoked_here.add(sessions_of(event.payload))


def is_remembered(issued_at: float) -> bool:
    """Returns whether a revocation after this time, in seconds since 1970, is remembered for certain."""
    return time.time() - issued_at <= remember_seconds() - MARGIN_SECONDS


def is_alive(session_id: str, issued_at: float) -> bool | None:
    """Returns whether a session goes on: True, False, or None where this process does not know.

    `issued_at` is when the session's token was issued, in seconds since 1970. Revocations are remembered for
    a time only (`remember_seconds`): about a token that is nearly as old, the answer can be None or False, never True.
    """
    if session_id in _revoked_here:
        return False
    follower = _follower
    if follower is None or not follower.is_current or not is_remembered(issued_at):
        return None
    return not follower.has_ended(session_id)
