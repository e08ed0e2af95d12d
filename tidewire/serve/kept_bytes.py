"""Bytes that a process keeps for its clients, and which of them to cut off when there are too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

LEAST_SECONDS = 0.001
"""What counts for bytes that have just arrived, so that the larger of two new records costs more."""


class Client(Protocol):
    """A connection for which bytes are kept. `network` is `network_of` its client's address."""

    @property
    def network(self) -> str: ...


C = TypeVar("C", bound=Client)


@dataclass(slots=True)
class _Record:
    network: str
    count: int
    since: float


class KeptBytes(Generic[C]):
    """How many bytes are kept for each connection. Times are in seconds, of any steady clock."""

    def __init__(self) -> None:
        self._records: dict[C, _Record] = {}
        self._networks: Counter[str] = Counter()
        self.total = 0

    def __iter__(self) -> Iterator[C]:
        return iter(list(self._records))

    def put(self, connection: C, count: int, now: float) -> None:
        """Records how many bytes are kept for a connection from now on. 0 forgets it."""
        record = self._records.get(connection)
        if not count:
            self.forget(connection)
            return
        if record is None:
            record = self._records[connection] = _Record(connection.network, 0, now)
        self._add(record.network, count - record.count)
        record.count = count

    def forget(self, connection: C) -> int:
        """Forgets a connection. Returns how many bytes were recorded for it."""
        record = self._records.pop(connection, None)
        if record is None:
            return 0
        self._add(record.network, -record.count)
        return record.count

    def heaviest(self) -> str:
        """Returns the network for which most bytes are kept, "" where there is none."""
        return max(self._networks, key=self._networks.__getitem__, default="")

    def costliest(self, now: float) -> C | None:
        """Returns the connection to cut off, or None where nothing is kept.

        It is one of the heaviest network: there, the one with most bytes for the longest time. So a client that takes
        or sends its bytes at once is cut off last, and one with many connections counts as one.
        """
        network = self.heaviest()

        def cost(connection: C) -> float:
            record = self._records[connection]
            return record.count * max(now - record.since, LEAST_SECONDS)

        owners = (connection for connection, record in self._records.items() if record.network == network)
        return max(owners, key=cost, default=None)

    def _add(self, network: str, count: int) -> None:
        self.total += count
        self._networks[network] += count
        if not self._networks[network]:
            del self._networks[network]
