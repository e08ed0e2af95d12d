"""The credential of a socket and when it ends. What a credential looks like is the application's business.

`TIDEWIRE["AUTHENTICATE"]` names a function `(credential: str) -> Identity`. It checks signature and claims only: a
reconnecting crowd must not cost a query each. Who may read what is asked, freshly, at every subscribe. A credential
that says nothing by itself (a key) is answered with a `LookUp` instead, which runs in a database thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import import_string

from tidewire.ground.conf import conf


class InvalidCredential(Exception):
    """Not a credential of ours, or not for sockets. The client must not come back with it."""


class ExpiredCredential(Exception):
    """It was good. The client should fetch another."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a credential stands for. `expires_at` in seconds since 1970, None for never.

    `session_id` is what an ending names (see control.py): a session's id, or a key's. A credential may be good for less
    than its user: `streams` are the only ones it may read (None for all that the user may), and only one that
    `may_signal` passes signals on. One that is not `is_renewable` has no successor that a client could fetch.
    """

    user_id: str
    expires_at: float | None = None
    session_id: str | None = None
    streams: frozenset[str] | None = None
    may_publish: bool = True
    is_renewable: bool = True

    def may_read(self, stream: str) -> bool:
        """As far as the credential is concerned: the user must be allowed to, too."""
        return self.streams is None or stream in self.streams


def may_command(identity: Identity) -> bool:
    """Whether the quota of whoever it is allows one more command. Counts it. Synchronous."""
    check: Callable[[Identity], bool] | None = conf.MAY_COMMAND and import_string(conf.MAY_COMMAND)
    return check is None or check(identity)


LookUp = Callable[[], Identity]


def authenticate(credential: str) -> Identity | LookUp:
    """Both it and the look-up raise InvalidCredential or ExpiredCredential."""
    check: Callable[[str], Identity | LookUp] = import_string(conf.AUTHENTICATE)
    return check(credential)
