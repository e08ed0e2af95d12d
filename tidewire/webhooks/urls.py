"""Which URLs an endpoint may have. Their host is checked by its text (hosts.py), here and when a connection is opened,
and then by what it resolves to (resolver.py)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tidewire.ground.conf import conf
from tidewire.webhooks import hosts
from tidewire.webhooks.tables import URL_LENGTH

_PRINTABLE = re.compile(r"[!-~]+")
_AUTHORITY = re.compile(r"(?:\[[^\[\]]+\]|[^\[\]:]+)(?::[0-9]*)?")
LOWEST_PORT = 1024
"""Ports below it belong to other protocols than HTTP, some of which would take a request for their own commands."""
HTTP_PORTS = (80, 443)


class URLError(ValueError):
    """A URL that no request is sent to. `code` names the reason for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def check(url: str) -> None:
    """Raises URLError unless requests may be sent to this URL, as far as its text shows."""
    if len(url) > URL_LENGTH or not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise URLError("url", "Must be a URL of printable ASCII characters, such as https://example.com/hook.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise URLError("url", "Must be a URL, such as https://example.com/hook.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise URLError("url", "Must be a URL that begins with https://.")
    if parts.scheme == "http" and conf.WEBHOOK_HTTPS_ONLY:
        raise URLError("https", "Must begin with https://: everyone on the way could read the events.")
    if "@" in parts.netloc:
        raise URLError("credentials", "May not hold a name or a password. Check the signature instead.")
    if parts.fragment or "#" in url:
        raise URLError("fragment", "May not have a fragment, because none is sent.")
    if port is not None and port not in HTTP_PORTS and port < LOWEST_PORT:
        raise URLError("port", f"The port must be 80, 443, or at least {LOWEST_PORT}.")
    if not _AUTHORITY.fullmatch(parts.netloc) or ("[" in parts.netloc and ":" not in host):
        raise URLError("host", "Brackets are for an address of IPv6, and only a port may follow them.")
    try:
        hosts.check(host)
    except hosts.HostError as error:
        raise URLError(error.code, str(error)) from None
