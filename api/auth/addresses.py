"""The address that a request comes from. Proxies were resolved, or refused, before (`TRUSTED_PROXIES`)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest
from rest_framework.request import Request

AnyRequest = HttpRequest | Request


def address_of(request: AnyRequest) -> str:
    """Returns the client's address, or "" when the server does not know it."""
    return str(request.META.get("REMOTE_ADDR") or "")[:45]


def network_of(request: AnyRequest) -> str:
    """Returns the IPv4 address, or the /64 network of an IPv6 address: one client usually has a whole /64."""
    text = address_of(request)
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def is_local(request: AnyRequest) -> bool:
    """Returns whether the request comes from this machine."""
    try:
        return ip_address(address_of(request)).is_loopback
    except ValueError:
        return False
