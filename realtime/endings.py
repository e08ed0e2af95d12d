"""Which sessions have ended, as far as this process knows: for whoever checks a token without asking the database.

The hub follows the control log, in which every ending stands. What this very process ended is known in the step after
its COMMIT, before anybody is answered; what others ended, within the poll's interval. A process that does not follow
the log, or lately could not read it, does not know: it must ask.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from realtime.sessions import REMEMBER_SECONDS, Sessions
from realtime.streams import CONTROL

if TYPE_CHECKING:
    from realtime.event_log import Recorded

MARGIN_SECONDS = 60.0
"""Clocks differ: of the writer of an ending, of who issued a token, and ours."""


class Follower(Protocol):
    """The hub. Asked from any thread."""

    @property
    def is_current(self) -> bool: ...

    @property
    def sessions(self) -> Sessions: ...


_follower: Follower | None = None
_ended_here = Sessions()


def attach(follower: Follower) -> None:
    """This process follows the control log from now on."""
    global _follower
    _follower = follower


def detach(follower: Follower) -> None:
    global _follower
    if _follower is follower:
        _follower = None


def note_committed(recorded: Iterable[Recorded]) -> None:
    """What this process has just ended. Called in the step after COMMIT."""
    for event in recorded:
        if event.stream == CONTROL:
            _ended_here.apply(event.payload)


def is_alive(session_id: str, issued_at: float) -> bool | None:
    """Whether this session, with a token issued then, goes on; None where this process does not know.

    An ending is remembered for a time. A token older than that may have outlived what is remembered of it.
    """
    if _ended_here.has_ended(session_id):
        return False
    follower = _follower
    if follower is None or not follower.is_current or time.time() - issued_at > REMEMBER_SECONDS - MARGIN_SECONDS:
        return None
    return not follower.sessions.has_ended(session_id)
