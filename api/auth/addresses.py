"""The address that a request comes from. Proxies were resolved, or refused, before (`TRUSTED_PROXIES`)."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from django.http import HttpRequest, HttpResponseBase
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


# -- for code that has no request, such as a model ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Client:
    """Where a request comes from: its network, and whether that is this machine."""

    network: str
    is_local: bool


_client: ContextVar[Client | None] = ContextVar("api_client", default=None)


def current_client() -> Client | None:
    """Returns the client whose request is being handled. None in a command and in a shell."""
    return _client.get()


class ClientMiddleware:
    """Makes `current_client` work, for the API, the admin and every other view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _client.set(Client(network_of(request), is_local(request)))
        try:
            return self.get_response(request)
        finally:
            _client.reset(token)
