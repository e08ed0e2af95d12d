"""The site as a client reaches it, through all proxies: a signed probe shows what the server sees of a request."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tidewire.diagnosis.doctor.certificates import RENEWAL, validity
from tidewire.diagnosis.doctor.finding import Finding, Findings, clock, error, ok
from tidewire.ground import http_dates
from tidewire.http.site_probe import HEADER, PATH, sign

SECONDS = 10.0
FORGED = "192.0.2.77"
"""An address that no client has: the probe claims it in X-Forwarded-For."""
FOREIGN = "https://foreign.invalid"
SOCKET_PATH = "/connection/websocket"


@dataclass(frozen=True, slots=True)
class Site:
    """The site's address, and the certificates that it is verified by."""

    url: str
    cafile: str | None = None

    @property
    def origin(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def is_encrypted(self) -> bool:
        return urlsplit(self.url).scheme == "https"

    @property
    def _address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if self.is_encrypted else 80)

    def certificate_ends(self) -> tuple[float, float]:
        """Returns from when and until when the site's certificate is valid, in seconds since 1970. Raises OSError."""
        context = ssl.create_default_context(cafile=self.cafile)
        with (
            socket.create_connection(self._address, SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=self._address[0]) as encrypted,
        ):
            shown: Any = encrypted.getpeercert()
        return ssl.cert_time_to_seconds(shown["notBefore"]), ssl.cert_time_to_seconds(shown["notAfter"])

    def request(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Raises OSError and HTTPException."""
        host, port = self._address
        if self.is_encrypted:
            context = ssl.create_default_context(cafile=self.cafile)
            connection: Any = http.client.HTTPSConnection(host, port, timeout=SECONDS, context=context)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        connection.request("GET", path, headers={"Host": urlsplit(self.url).netloc, **headers})
        return connection.getresponse()


def look_at_site(site: Site) -> Findings:
    """All of it. Ends with the first fault that makes the rest impossible to ask."""
    try:
        began = time.time()
        response = site.request(PATH, {HEADER: sign(), "X-Forwarded-For": FORGED})
        body, date = response.read(), http_dates.parse(response.headers.get("Date", ""))
    except ssl.SSLCertVerificationError as failure:
        yield error(
            "certificate", f"{site.url}: {failure.verify_message}", f"{RENEWAL} For an authority of your own: --cafile."
        )
        return
    except (OSError, http.client.HTTPException) as failure:
        yield error("site", f"{site.url} does not answer: {failure}", "Is the proxy running, and the name right?")
        return
    if response.status != 200:
        yield error(
            "site",
            f"{site.url}{PATH} answers {response.status}",
            "502: the server is not running, or the proxy looks for it elsewhere. 404: the proxy does not pass it on.",
        )
        return
    seen = _seen(body)
    if seen is None:
        yield error(
            "site",
            "the answer is not that of a server with this SECRET_KEY",
            "Give the doctor the environment of the service. A cache in front must not keep /healthz.",
        )
        if date is not None:
            yield clock("site clock", date.timestamp(), began)
        return
    yield clock("site clock", seen["time"], began)
    if site.is_encrypted:
        yield _certificate(site)
    yield from _proxies(seen)
    yield from _scheme(site, seen)
    yield from _origins(site)


def _certificate(site: Site) -> Finding:
    try:
        begin, end = (datetime.fromtimestamp(seconds, UTC) for seconds in site.certificate_ends())
    except OSError as failure:
        return error("certificate", f"{site.url} shows none at a second connection: {failure}", "Look at the proxy.")
    return validity(begin, end, f"that of {site.url}")


def _seen(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer.get("seen") if isinstance(answer, dict) else None


def _proxies(seen: dict[str, Any]) -> Findings:
    hops, trusted = seen["forwarded"], seen["trusted_proxies"]
    proxies = len(hops) - (FORGED in hops)
    if seen["client"] == FORGED:
        yield error(
            "proxies",
            f"TRUSTED_PROXIES is {trusted}, and a client may choose the address that it is known by",
            f"Set TRUSTED_PROXIES={proxies}. The outermost proxy must replace X-Forwarded-For: deploy/nginx.conf.",
        )
    elif proxies != trusted:
        yield error(
            "proxies",
            f"TRUSTED_PROXIES is {trusted}, and {proxies} proxies add an address ({', '.join(hops) or 'none'}): all "
            f"clients look like {seen['client'] or 'one'}",
            f"Set TRUSTED_PROXIES={proxies}.",
        )
    else:
        yield ok("proxies", f"{proxies}, as TRUSTED_PROXIES says")


def _scheme(site: Site, seen: dict[str, Any]) -> Findings:
    wanted = urlsplit(site.url)
    if seen["host"] != wanted.netloc:
        yield error(
            "host",
            f"the server sees the host {seen['host']!r}, and clients use {wanted.netloc!r}: their Origin is foreign",
            "The proxy must pass on Host with its port: `proxy_set_header Host $http_host;`",
        )
    is_encrypted = "https" in (seen["proto"], seen["scheme"])  # the proxy says so, or this server ends TLS itself
    if wanted.scheme == "https" and not is_encrypted:
        yield error(
            "scheme",
            f"the server sees X-Forwarded-Proto {seen['proto']!r} of a request over TLS",
            "`proxy_set_header X-Forwarded-Proto $scheme;`",
        )


def _origins(site: Site) -> Findings:
    """A page of the site may open a socket, a foreign page may not."""
    own, foreign = _handshake(site, site.origin), _handshake(site, FOREIGN)
    if own == 101:
        yield ok("sockets", "a page of the site may open one")
    elif own == 403:
        yield error(
            "origin",
            f"a page of {site.origin} may not open a socket",
            f"Add {urlsplit(site.url).hostname} to ALLOWED_HOSTS, or {site.origin} to CORS_ALLOWED_ORIGINS.",
        )
    else:
        yield error(
            "sockets",
            f"the handshake of a WebSocket is answered {own or 'not at all'}",
            "The proxy must pass on Upgrade and Connection, over HTTP/1.1: deploy/nginx.conf.",
        )
    if foreign == 101:
        yield error("origin", "a page of any site may open a socket", "Take '*' out of the allowed origins and hosts.")


def _handshake(site: Site, origin: str) -> int:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Origin": origin}
    headers["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    try:
        return site.request(SOCKET_PATH, headers).status
    except (OSError, http.client.HTTPException):
        return 0
