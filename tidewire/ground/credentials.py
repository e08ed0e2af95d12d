"""Credentials of sockets, and the identities that they prove. The application defines what a credential looks like.

`TIDEWIRE["AUTHENTICATE"]` names a function `(credential: str) -> Identity`. It checks signature and claims only,
because clients that reconnect all at once must not cost a query each. Access to a stream is checked at every subscribe.
For a credential that proves nothing by itself (a key) the function returns a `LookUp` instead, which runs in a database
thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import import_string

from tidewire.ground.conf import conf

SHORT_SECONDS = 86_400.0
"""A credential that ends within this time is short-lived. Addresses are written into logs and histories, which are kept
for longer."""


class InvalidCredential(Exception):
    """The credential is not one of ours, or not for sockets. The client must not use it again."""


class ExpiredCredential(Exception):
    """The credential was valid once. The client should fetch another."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user that a credential proves, and what the credential allows.

    - `expires_at` is in seconds since 1970; None means never.
    - `session_id` is the id by which a revocation names it: of a session or of a key.
    - `streams` are the only streams it may read; None means all that its user may read.
    - `may_publish`: it may publish ephemeral messages.
    - `is_renewable`: a client can fetch a successor before it expires.
    - `kind` is what proves it, such as "session" or "key". A credential is renewed by one of its own kind only.
    """

    user_id: str
    expires_at: float | None = None
    session_id: str | None = None
    streams: frozenset[str] | None = None
    may_publish: bool = True
    is_renewable: bool = True
    kind: str = "session"

    def may_read(self, stream: str) -> bool:
        """Returns whether the credential allows this stream. The access of its user is checked separately."""
        return self.streams is None or stream in self.streams

    @property
    def is_short_lived(self) -> bool:
        """Whether the credential may stand in an address."""
        return self.expires_at is not None and self.expires_at - time.time() <= SHORT_SECONDS


def may_command(identity: Identity) -> bool:
    """Counts one command and returns whether the quota allows it. May block: runs in a database thread."""
    check: Callable[[Identity], bool] | None = conf.MAY_COMMAND and import_string(conf.MAY_COMMAND)
    return check is None or check(identity)


def may_ask(address: str) -> bool:
    """Counts one request without a valid credential and returns whether the quota of its address allows it. May block:
    runs in a database thread."""
    check: Callable[[str], bool] | None = conf.MAY_ASK and import_string(conf.MAY_ASK)
    return check is None or check(address)


LookUp = Callable[[], Identity]


class SessionCookie(str):
    """The key of a Django session, from the cookie of a handshake. A client cannot send one as its token: that is a
    plain text, which the application's own AUTHENTICATE gets."""

    __slots__ = ()


def authenticate(credential: str) -> Identity | LookUp:
    """Returns the identity of a credential, or a look-up that returns it. Both raise InvalidCredential or
    ExpiredCredential."""
    if not conf.AUTHENTICATE:  # cookies alone sign in
        raise InvalidCredential
    check: Callable[[str], Identity | LookUp] = import_string(conf.AUTHENTICATE)
    return check(credential)
