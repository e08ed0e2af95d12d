"""Calls on the socket: `TIDEWIRE["RPC"]` maps a method's name to a function of the application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity


class BadCall(Exception):
    """The data is not what the method takes."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the identity, the credential it was proved with, and the handshake's scope (for addresses)."""

    identity: Identity
    credential: str
    scope: dict[str, Any]


Method = Callable[[Caller, Any], Awaitable[Any]]


def method(name: str) -> Method | None:
    """The function registered under this name: `async (caller, data) -> JSON-serialisable result`."""
    path = conf.RPC.get(name)
    return import_string(path) if path else None
