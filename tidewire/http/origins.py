"""Which web pages may open a WebSocket here, and which may read our refusals."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from asgiref.typing import WWWScope
from django.conf import settings
from django.http.request import split_domain_port, validate_host

from tidewire.ground.conf import conf

DEBUG_HOSTS = [".localhost", "127.0.0.1", "[::1]", "::1"]
"""As Django has it: with DEBUG and no ALLOWED_HOSTS, only this machine."""


def is_allowed_origin(scope: WWWScope) -> bool:
    """Returns whether the handshake may go on: without an Origin, or with one of ALLOWED_ORIGINS or ALLOWED_HOSTS.

    Only browsers send an Origin; native clients send none. A missing one is safe, because without it the socket reads
    no cookie (SESSION_COOKIES): a page of another site has no credential to abuse.
    """
    origins = origins_of(scope)
    if not origins or is_listed(origins):
        return True
    try:
        parts = urlsplit(origins[0].decode("ascii"))
        host, _ = split_domain_port(parts.netloc)  # as Django reads a Host: brackets stay, a user name is no host
        parts.port  # noqa: B018  raises ValueError when it is not a port
    except ValueError:
        return False
    if len(origins) > 1 or parts.scheme not in ("http", "https"):
        return False
    allowed_hosts = settings.ALLOWED_HOSTS or (DEBUG_HOSTS if settings.DEBUG else [])
    return validate_host(host, allowed_hosts)


def is_listed(origins: list[bytes]) -> bool:
    """Returns whether a request's Origin headers are one origin, and that is one of ALLOWED_ORIGINS.

    Compares scheme and authority, as django-cors-headers does for REST, so that REST and sockets allow the same. The
    scheme may be that of an app's web view, such as `capacitor`. An opaque origin (`null`) must be listed as such.
    """
    if len(origins) != 1:
        return False
    try:
        origin = origins[0].decode("ascii")
        parts = urlsplit(origin)
    except ValueError:
        return False
    if origin == "null" or not (parts.scheme and parts.netloc):
        return origin == "null" and origin in conf.ALLOWED_ORIGINS
    return any(parts[:2] == urlsplit(listed)[:2] for listed in conf.ALLOWED_ORIGINS)


def cors_headers(origins: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Returns the headers that let a page of a listed origin read an answer made outside Django."""
    headers = [(b"vary", b"Origin")]
    if is_listed(origins):
        headers.append((b"access-control-allow-origin", origins[0]))
        headers.append((b"access-control-expose-headers", ", ".join(conf.EXPOSED_HEADERS).encode()))
    return headers


def origins_of(scope: WWWScope) -> list[bytes]:
    """Returns the values of the Origin headers: at most one, unless the client is not a browser."""
    headers: Iterable[tuple[bytes, bytes]] = scope.get("headers", [])
    return [value for name, value in headers if name == b"origin"]
