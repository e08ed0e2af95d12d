"""Remote procedure calls on the socket: `TIDEWIRE["RPC"]` maps the name of each method to a function of the
application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from asgiref.typing import WWWScope
from django.utils.module_loading import import_string

from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity


class RpcDataError(Exception):
    """The data does not have the shape that the method needs. The client gets the error 107."""


@dataclass(frozen=True, slots=True)
class RpcContext:
    """The client that calls: its identity, the credential that proved it, and the scope of its socket."""

    identity: Identity
    credential: str
    scope: WWWScope


Method = Callable[[RpcContext, Any], Awaitable[Any]]
"""`async (context, data) -> result`, which can be encoded as JSON. May raise RpcDataError."""


def method(name: str) -> Method | None:
    """Returns the function that is registered under this name, or None."""
    path = conf.RPC.get(name)
    return import_string(path) if path else None
