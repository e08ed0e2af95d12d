"""The session cookie of a handshake, where SESSION_COOKIES says that it may sign a socket in.

A browser sends cookies with every handshake, also with one that a page of another site has begun. So the cookie counts
only for a page of this very host: the Origin must be there, and name the host and port that the request was sent to.
Pages of ALLOWED_ORIGINS send a token.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from asgiref.typing import WWWScope
from django.conf import settings
from django.http import parse_cookie

from tidewire.ground.conf import conf
from tidewire.ground.credentials import SessionCookie


def session_cookie(scope: WWWScope) -> SessionCookie | str:
    """Returns the cookie, or "" where there is none that counts."""
    if not conf.SESSION_COOKIES or not _is_same_origin(scope):
        return ""
    cookies = "; ".join(_values(scope, b"cookie"))
    return SessionCookie(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME, ""))


def _is_same_origin(scope: WWWScope) -> bool:
    origins, hosts = _values(scope, b"origin"), _values(scope, b"host")
    if len(origins) != 1 or len(hosts) != 1:
        return False
    try:
        origin = urlsplit(origins[0])
    except ValueError:
        return False
    return origin.scheme in ("http", "https") and origin.netloc.lower() == hosts[0].lower() != ""


def _values(scope: WWWScope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for each, value in scope.get("headers", []) if each == name]
