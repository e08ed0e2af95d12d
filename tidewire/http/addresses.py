"""The client's address, behind a known number of proxies.

Each proxy appends the address that it sees to X-Forwarded-For. Everything further left was written by the client and
proves nothing. So with N trusted proxies the client's address is the Nth from the right; with none the header is
ignored. The header is then removed from the scope, so that no view or middleware can read it another way.

Requests from this machine itself (loopback) are exempt from some limits, and may read /metrics. A request that any
proxy has forwarded is never one of them: its `client` is never a loopback address, whatever the peer's address is. So
code that decides by the address need not know whether there was a proxy.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from ipaddress import ip_address
from typing import cast

from asgiref.typing import WWWScope

from tidewire.ground.networks import is_loopback, unmapped

logger = logging.getLogger(__name__)

HEADERS = (b"x-forwarded-for", b"x-real-ip", b"forwarded")
"""Headers that hold addresses. They are removed once they were read."""

SIGNS = (b"forwarded", b"via", b"cdn-loop", b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip")
SIGN_PREFIXES = (
    *(b"x-forwarded-", b"x-original-", b"x-envoy-", b"x-azure-", b"x-appengine-"),
    *(b"cf-", b"fly-", b"fastly-", b"ngrok-", b"x-tunnel-"),
)
"""Names of headers that only proxies and tunnels add, and what such names begin with."""


def resolve_client(scope: WWWScope, proxies: int) -> WWWScope:
    """Returns the scope with the client's own address as `client`, without the proxies' headers. Makes a copy only
    where a proxy has left a sign, or where an IPv4 client is shown as an IPv6 one. `client` is None where the address
    is unknown."""
    headers = scope.get("headers", [])
    shown, port = scope.get("client") or ("", 0)
    peer = unmapped(shown)
    if not is_forwarded(name for name, _ in headers):
        return scope if peer == shown else cast(WWWScope, {**scope, "client": (peer, port)})
    address = address_behind_proxies(headers, peer, proxies)
    if not proxies:
        _warn_of_a_proxy()
    changes = {
        "headers": [(name, value) for name, value in headers if name not in HEADERS],
        "client": (address, port if address == peer else 0) if address else None,
    }
    return cast(WWWScope, {**scope, **changes})


def is_forwarded(names: Iterable[bytes]) -> bool:
    """Returns whether a request with headers of these names, in lower case, came through a proxy, trusted or not."""
    return any(name in SIGNS or name.startswith(SIGN_PREFIXES) for name in names)


def address_behind_proxies(headers: Iterable[tuple[bytes, bytes]], peer: str, proxies: int) -> str:
    """Returns the address of the client of a forwarded request, or "" where it is unknown.

    It is what the outermost trusted proxy saw. Where that is not readable it is the peer's, but never a loopback
    address: that would be this machine's own proxy.
    """
    forwarded = [value.decode("latin-1") for name, value in headers if name == HEADERS[0]]
    address = client_address(forwarded, proxies) or peer
    return "" if is_loopback(address) else address


def client_address(forwarded: Iterable[str], proxies: int) -> str:
    """Returns the address that the outermost trusted proxy saw, or "" where the header is absent, malformed or not
    to be trusted. `forwarded` are the values of all X-Forwarded-For headers."""
    if proxies < 1:
        return ""
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    return _without_port(hops[-min(proxies, len(hops))]) if hops else ""


@cache
def _warn_of_a_proxy() -> None:
    """Logs, once in a process, that requests come through a proxy that the settings do not know."""
    logger.warning(
        "a request came through a proxy, and TRUSTED_PROXIES is 0: all clients of that proxy count as one. "
        "Set TRUSTED_PROXIES to the number of proxies in front of the server."
    )


def _without_port(hop: str) -> str:
    """Returns the address in `192.0.2.1:5000`, `[2001:db8::1]:5000` or a bare address; "" for anything else."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return unmapped(str(ip_address(hop)))
    except ValueError:
        return ""
