"""Transactions with so many events of one stream that live subscribers read anew in place of being sent them all.

The log keeps every event, and readers of the log get every event. But ten thousand events for a thousand sockets are
ten million frames, and a client can read the same in a few pages of a list.
"""

from __future__ import annotations

import asyncio

from tidewire.delivery.log_reader import LogReader
from tidewire.delivery.stream_state import StreamState
from tidewire.ground.positions import Bulk


class Bulks:
    """Asks the log for transactions with more than `most` events of a stream; 0 means that none is too large."""

    def __init__(self, reader: LogReader, most: int) -> None:
        self._reader, self._most = reader, most
        self._asking: dict[str, asyncio.Lock] = {}

    def is_possible(self, events: int) -> bool:
        """Returns whether so many events can be those of a transaction that is too large."""
        return 0 < self._most < events

    async def ahead(self, state: StreamState) -> Bulk | None:
        """Returns a transaction that is too large among the events that were announced and not dispatched yet. Each of
        them is asked about once. Raises what the reader raises."""
        after, head = max(state.offset, state.checked), state.head
        if not self.is_possible(head - after):
            return None
        bulk = await self._reader.bulk(state.name, after, self._most)
        state.checked = max(head, bulk.last if bulk is not None else 0)
        return bulk

    async def look_behind(self, state: StreamState, offset: int) -> None:
        """Asks the log, if need be, for what `blocks` needs to know. Raises what the reader raises."""
        if not self._is_unknown(state, offset):
            return
        async with self._asking.setdefault(state.name, asyncio.Lock()):  # of a crowd, the first one asks
            if self._is_unknown(state, offset):
                bulk = await self._reader.bulk(state.name, offset, self._most)
                if bulk is not None and (state.bulk is None or state.bulk.last < bulk.last):
                    state.bulk = bulk
                state.clear_after = min(state.clear_after, offset)
        if not self._asking[state.name].locked():
            del self._asking[state.name]

    def blocks(self, state: StreamState, offset: int) -> bool:
        """Returns whether a client with this offset would be sent too many events of one transaction, as far as is
        known."""
        bulk = state.bulk
        return bulk is not None and self.is_possible(bulk.last - max(offset, bulk.first - 1))

    def _is_unknown(self, state: StreamState, offset: int) -> bool:
        is_far = state.is_known and self.is_possible(state.offset - offset)
        return is_far and offset < state.clear_after and not self.blocks(state, offset)
