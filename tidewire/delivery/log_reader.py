"""What the delivery side reads from the database: the event log, and who may read which stream."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from tidewire.ground.positions import Bulk, Page, Position

KnownPositions = Callable[[], Mapping[str, Position]]
"""Returns the positions that the caller knows already, by stream. Called in the event loop."""


class LogUnavailableError(Exception):
    """The database cannot be asked now. Asking again later may succeed."""


class LogReader(Protocol):
    """Reads without blocking the event loop. Every method raises LogUnavailableError when the database is away.

    See engine/reader.py for the one that asks the database.
    """

    async def heads(self, names: Collection[str]) -> dict[str, Position]:
        """Returns the heads of these streams. Those that do not exist are left out."""
        ...

    async def touched(self, seconds: float) -> dict[str, Position]:
        """Returns the heads of the streams that were written to in the last `seconds`."""
        ...

    async def page(self, name: str, offset: int) -> Page:
        """Returns the first events of a stream after `offset`, as many as a page holds."""
        ...

    async def bulk(self, name: str, offset: int, most: int) -> Bulk | None:
        """Returns the last transaction with more than `most` events of a stream after `offset`, or None."""
        ...

    async def recent(self, name: str, seconds: float) -> Page:
        """Returns all events of a stream of the last `seconds`."""
        ...

    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]:
        """Returns which of these users may read the stream."""
        ...

    async def readable_positions(
        self, user_id: str, names: Collection[str], known: KnownPositions = dict
    ) -> dict[str, Position]:
        """Returns the positions of the streams, of these, that the user may read. A position that `known` returns is
        not read from the log."""
        ...
