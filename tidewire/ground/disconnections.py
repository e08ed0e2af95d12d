"""How an event of the revocation log asks every process to close connections, whose sessions go on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

DISCONNECT = "connections.closed"
"""The type of such an event. Releases that do not know it ignore it."""


@dataclass(frozen=True, slots=True)
class Disconnection:
    """The connections of one user to close: those with these ids, or all of them when there are none. Clients come
    back by themselves unless `is_final`."""

    user_id: str
    connection_ids: tuple[str, ...] = ()
    is_final: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"user": self.user_id, "connections": list(self.connection_ids), "final": self.is_final}


def disconnection_of(payload: str) -> Disconnection | None:
    """Returns what an event of the revocation log asks to close, or None for one of another type."""
    event: dict[str, Any] = json.loads(payload)
    if event.get("type") != DISCONNECT:
        return None
    data = event["data"]
    return Disconnection(data["user"], tuple(data["connections"]), data["final"])
