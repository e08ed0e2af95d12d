"""Pages of the event log, read once for all clients that ask for the same one."""

from __future__ import annotations

import asyncio

from tidewire.delivery.log_reader import LogReader
from tidewire.delivery.revocation_log import RevocationLog
from tidewire.delivery.stream_state import StreamState
from tidewire.ground.positions import Page

KEPT_PAGES = 32


class Pages:
    """A crowd that comes back to one stream asks for the same pages. The last KEPT_PAGES are kept, each until its
    stream has moved on."""

    def __init__(self, reader: LogReader, revocations: RevocationLog) -> None:
        self._reader, self._revocations = reader, revocations
        self._pages: dict[tuple[str, str, int, int], asyncio.Future[Page]] = {}

    async def read(self, state: StreamState, offset: int) -> Page:
        """Returns the events of a stream after `offset`, once the revocations that their writers saw are applied.
        Raises what the reader raises."""
        key = (state.name, state.epoch, state.offset, offset)
        reading = self._pages.get(key)
        if reading is None:
            reading = self._pages[key] = asyncio.ensure_future(self._reader.page(state.name, offset))
            if len(self._pages) > KEPT_PAGES:
                del self._pages[next(iter(self._pages))]
        try:
            page = await asyncio.shield(reading)  # a caller that is cancelled must not cancel it for the others
        except Exception:
            self._pages.pop(key, None)
            raise
        await self._revocations.apply_for(page.entries)
        return page
