"""The credential of a socket and when it ends. What a credential looks like is the application's business.

`TIDEWIRE["AUTHENTICATE"]` names a function `(credential: str) -> Identity`. It checks signature and claims only: a
reconnecting crowd must not cost a query each. Who may read what is asked, freshly, at every subscribe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import import_string

from realtime.conf import conf


class InvalidCredential(Exception):
    """Not a credential of ours, or not for sockets. The client must not come back with it."""


class ExpiredCredential(Exception):
    """It was good. The client should fetch another."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a credential stands for. `expires_at` in seconds since 1970, None for never."""

    user_id: str
    expires_at: float | None = None
    session_id: str | None = None


def authenticate(credential: str) -> Identity:
    """Raises InvalidCredential or ExpiredCredential."""
    check: Callable[[str], Identity] = import_string(conf.AUTHENTICATE)
    return check(credential)
