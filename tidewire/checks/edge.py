"""Start-up checks of the settings of Centrifugo, and of stream kinds that its nodes would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core import checks

from tidewire.centrifugo import broker
from tidewire.centrifugo.broker import UnknownBrokerError
from tidewire.checks.messages import error
from tidewire.declare.registry import registry
from tidewire.ground.conf import conf
from tidewire.ground.networks import is_http_url
from tidewire.log.database import log_alias

NEEDED = ("CENTRIFUGO_API_KEY", "CENTRIFUGO_SECRET", "CENTRIFUGO_IDENTITY")
PAGE = "See docs/centrifugo.md."
NAMESPACE = re.compile(r"[-a-zA-Z0-9_.]{2,}")
"""What nodes take as the name of a namespace, which is that of a stream kind."""


@checks.register("tidewire")
def check_edge(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    """Refuses nodes that cannot be called or that cannot ask, and a database in which they have no tables."""
    return list(_look()) if conf.CENTRIFUGO_NODES else []


def _look() -> Iterator[checks.CheckMessage]:
    for address in conf.CENTRIFUGO_NODES:
        if not is_http_url(address) or "?" in address:
            yield _error(
                f"names no address of an HTTP API: {address!r}",
                "CENTRIFUGO_NODES",
                "Write that of every node, such as http://10.0.0.7:8001/api.",
            )
    for name in NEEDED:
        if not getattr(conf, name):
            yield _error("is empty, and CENTRIFUGO_NODES is not", name, PAGE)
    try:
        broker.require_usable(log_alias())
    except UnknownBrokerError as wrong:
        yield _error(f"cannot be used: {wrong}", "CENTRIFUGO_NODES", PAGE)
    for kind in registry.kinds.values():
        if not NAMESPACE.fullmatch(kind.name):
            hint = "Give the kind a name of two letters or more, or set no CENTRIFUGO_NODES."
            yield error(kind, "has a name that no node of Centrifugo takes", "E171", hint)


def _error(text: str, setting: str, hint: str) -> checks.Error:
    return checks.Error(f"TIDEWIRE[{setting!r}] {text}", hint=hint, id="tidewire.E170")
