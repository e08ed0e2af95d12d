"""The client's address, behind a known number of proxies.

Each proxy appends the address that it sees to X-Forwarded-For. Everything further left was written by the client and
proves nothing. So with N trusted proxies the client's address is the Nth from the right; with none the header is
ignored. The header is then removed from the scope, so that no view or middleware can read it another way.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import cast

from asgiref.typing import WWWScope

IS_FORWARDED = "tidewire.is_forwarded"
"""Key that is in a scope when its request came through a proxy, trusted or not. The peer's address, even if it is this
machine's, then says nothing about the client."""

HEADERS = (b"x-forwarded-for", b"x-real-ip", b"forwarded")


def resolve_client(scope: WWWScope, proxies: int) -> WWWScope:
    """Returns the scope with the client's own address as `client`, without the proxies' headers. Makes a copy only
    where such a header is present."""
    headers = scope.get("headers", [])
    if not any(name in HEADERS for name, _ in headers):
        return scope
    forwarded = [value.decode("latin-1") for name, value in headers if name == HEADERS[0]]
    address = client_address(forwarded, proxies)
    changes = {
        "headers": [(name, value) for name, value in headers if name not in HEADERS],
        "client": (address, 0) if address else scope.get("client"),
        IS_FORWARDED: True,
    }
    return cast(WWWScope, {**scope, **changes})


def client_address(forwarded: Iterable[str], proxies: int) -> str:
    """Returns the address that the outermost trusted proxy saw, or "" where the header is absent, malformed or not
    to be trusted. `forwarded` are the values of all X-Forwarded-For headers."""
    if proxies < 1:
        return ""
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    return _without_port(hops[-min(proxies, len(hops))]) if hops else ""


def is_loopback(address: str) -> bool:
    """Returns whether this is an address of this machine; False for text that is no address."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _without_port(hop: str) -> str:
    """Returns the address in `192.0.2.1:5000`, `[2001:db8::1]:5000` or a bare address; "" for anything else."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return ""
