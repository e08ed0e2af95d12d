"""What an address says about a client: whether it is this machine, and which addresses are likely the same client."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

REMEMBERED = 4096
"""Addresses whose answers are kept: each is asked about many times, by each limit that counts for it."""


@lru_cache(REMEMBERED)
def is_loopback(address: str) -> bool:
    """Returns whether this is an address of this machine; False for text that is no address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (mapped or parsed).is_loopback


def unmapped(address: str) -> str:
    """Returns the IPv4 address of a client that a socket for both (`serve --bind ::`) shows as an IPv6 address, such as
    `::ffff:192.0.2.1`; others as they are."""
    return _ipv4_of(address) if address.startswith("::ffff:") else address


@lru_cache(REMEMBERED)
def _ipv4_of(address: str) -> str:
    try:
        return str(IPv6Address(address).ipv4_mapped or address)
    except ValueError:
        return address


@lru_cache(REMEMBERED)
def network_of(address: str) -> str:
    """Returns the IPv4 address, or the /64 network of an IPv6 address: one client usually has a whole /64. A loopback
    address, and a text that is no address, are returned as they are."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and not parsed.is_loopback:
        return str(parsed.ipv4_mapped or ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def is_http_url(text: object) -> bool:
    """Returns whether this is the URL of an HTTP server: http or https, a host, perhaps a port and a path."""
    try:
        parts = urlsplit(text) if isinstance(text, str) else None
        return parts is not None and parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
