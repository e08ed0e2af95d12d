"""How a socket signs in: by the application's own credentials, or by Django's session cookie (SESSION_COOKIES).

A socket that a cookie has opened ends with its session: at logout at once, and after TOKEN_SECONDS at the latest, when
the client comes back and the session is looked up again.
"""

from __future__ import annotations

import hashlib
import time
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.signals import user_logged_out

from tidewire.ground import credentials
from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity, InvalidCredential, LookUp, SessionCookie
from tidewire.log.database import log_alias
from tidewire.log.revocations import revoke_sessions


def authenticate(credential: str) -> Identity | LookUp:
    """Returns the identity of a credential, or a look-up that returns it. Both raise InvalidCredential or
    ExpiredCredential."""
    if isinstance(credential, SessionCookie):
        return partial(identity_of, credential)
    return credentials.authenticate(credential)


def identity_of(cookie: SessionCookie) -> Identity:
    """Returns the identity of a session's user, as Django's middleware finds it: the user is active, and the password
    is the one that the session began with. Raises InvalidCredential."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(str(cookie))
    request: Any = SimpleNamespace(session=session)
    user = get_user(request)
    if not (user.is_authenticated and user.is_active):
        raise InvalidCredential
    seconds = min(session.get_expiry_age(), conf.TOKEN_SECONDS)
    return Identity(str(user.pk), time.time() + seconds, _id_of(str(cookie)), is_renewable=False)


def _id_of(session_key: str) -> str:
    """Returns the name of a session in the revocation log, which must not hold the key itself."""
    return hashlib.sha256(f"tidewire:{session_key}".encode()).hexdigest()[:32]


def end_with_logout() -> None:
    """Has a logout close the sockets of its session. Called once, when the app is ready."""
    user_logged_out.connect(_logged_out, dispatch_uid="tidewire.sessions")


def _logged_out(sender: object, request: Any, user: Any, **kwargs: object) -> None:
    key = getattr(getattr(request, "session", None), "session_key", None)
    if conf.SESSION_COOKIES and user is not None and key:
        revoke_sessions(str(user.pk), [_id_of(key)], log_alias())
