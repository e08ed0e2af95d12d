"""Connections that wait for their next request, or for their first: in the order in which they began to wait."""

from __future__ import annotations

from collections import defaultdict
from typing import Generic, TypeVar

from tidewire.serve.kept_bytes import Client

YOUNG_SECONDS = 1.0
"""A connection that waits for less is not closed to make room: its client's request may be on its way."""

C = TypeVar("C", bound=Client)


class IdleConnections(Generic[C]):
    """The idle connections of one process, of all networks and of each one. Times are of any steady clock."""

    def __init__(self) -> None:
        self._since: dict[C, float] = {}
        self._networks: dict[C, str] = {}
        self._of: defaultdict[str, dict[C, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return len(self._since)

    def add(self, connection: C, now: float) -> None:
        """The connection waits from now on."""
        self.discard(connection)
        self._since[connection] = now
        network = self._networks[connection] = connection.network
        self._of[network][connection] = None

    def discard(self, connection: C) -> None:
        """The connection does not wait any more: a request has begun, or it has ended."""
        if self._since.pop(connection, None) is None:
            return
        network = self._networks.pop(connection)
        del self._of[network][connection]
        if not self._of[network]:
            del self._of[network]

    def oldest(self, now: float, network: str | None = None) -> C | None:
        """Returns the connection that has waited longest, of all or of one network. None where all are young."""
        waiting = self._since if network is None else self._of.get(network, {})
        found = next(iter(waiting), None)
        return found if found is not None and now - self._since[found] >= YOUNG_SECONDS else None
