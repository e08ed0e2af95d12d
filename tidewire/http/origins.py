"""Which web pages may open a WebSocket here."""

from __future__ import annotations

from urllib.parse import urlsplit

from asgiref.typing import WebSocketScope
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from tidewire.ground.conf import conf

DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]", "::1"]
"""As Django has it: with DEBUG and no ALLOWED_HOSTS, only this machine."""


def is_allowed_origin(scope: WebSocketScope) -> bool:
    """Returns whether the handshake may go on: without an Origin, or with one of ALLOWED_ORIGINS or ALLOWED_HOSTS.

    Only browsers send an Origin; native clients send none. A missing one is safe, because the socket reads no cookie:
    a page of another site has no credential to abuse.
    """
    origins = [value for name, value in scope.get("headers", []) if name == b"origin"]
    if not origins:
        return True
    try:
        origin = origins[0].decode("ascii")
        parts = urlsplit(origin)
        host, _ = split_domain_port(parts.netloc)  # as Django reads a Host: brackets stay, a user name is no host
        parts.port  # noqa: B018  raises ValueError when it is not a port
    except ValueError:
        return False
    if len(origins) > 1 or parts.scheme not in ("http", "https"):
        return False
    allowed_hosts = settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])
    return origin in conf.ALLOWED_ORIGINS or validate_host(host, allowed_hosts)
