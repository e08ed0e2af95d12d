"""Whose request it is, behind a known number of proxies.

Each proxy adds the address that it sees to the right end of X-Forwarded-For; what is further left was written by the
client, who may write anything. So with N trusted proxies the client's address is the Nth from the right, and with none
the header means nothing. Once it is resolved the header is taken away: nobody further in can read it the wrong way.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

IS_FORWARDED = "tidewire.is_forwarded"
"""In a scope that came by a proxy, declared or not: its peer being this machine says nothing about the client."""

HEADERS = (b"x-forwarded-for", b"x-real-ip", b"forwarded")


def resolved(scope: dict[str, Any], proxies: int) -> dict[str, Any]:
    """The scope with the client's own address as `client`."""
    headers = scope.get("headers", [])
    if not any(name in HEADERS for name, _ in headers):
        return scope
    forwarded = [value.decode("latin-1") for name, value in headers if name == HEADERS[0]]
    kept = [(name, value) for name, value in headers if name not in HEADERS]
    address = client_address(forwarded, proxies)
    client = [address, 0] if address else scope.get("client")
    return scope | {"headers": kept, "client": client, IS_FORWARDED: True}


def client_address(forwarded: Iterable[str], proxies: int) -> str:
    """The address that the outermost trusted proxy saw; empty where the header does not say, or cannot be trusted."""
    if proxies < 1:
        return ""
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    return _without_port(hops[-min(proxies, len(hops))]) if hops else ""


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _without_port(hop: str) -> str:
    """`192.0.2.1:5000`, `[2001:db8::1]:5000` or a bare address; empty for anything else."""
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ip_address(hop))
    except ValueError:
        return ""
