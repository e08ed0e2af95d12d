"""How far this process has applied the log of what ended everywhere (control.py). Nothing is delivered ahead of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tidewire.delivery.sessions import Sessions
from tidewire.delivery.stream_state import StreamState
from tidewire.ground.positions import Entry, Page
from tidewire.ground.revoked_sessions import REMEMBER_SECONDS
from tidewire.ground.streams import REVOCATIONS


class RevocationReader(Protocol):
    async def page(self, name: str, offset: int) -> Page: ...

    async def recent(self, name: str, seconds: float) -> Page: ...


class RevocationLog:
    """`watched.offset` is None until the endings of the last hour were read, and again when its continuity is lost."""

    def __init__(self, reader: RevocationReader) -> None:
        self.sessions = Sessions()
        self.state = StreamState(REVOCATIONS)
        self._reader = reader

    @property
    def is_loaded(self) -> bool:
        return self.state.offset is not None

    def has_applied(self, revocation_offset: int) -> bool:
        return self.is_loaded and revocation_offset <= self.state.offset

    def take(self, entry: Entry) -> None:
        """The next entry."""
        self.state.offset = entry.offset
        self.state.head = max(self.state.head, entry.offset)
        self.sessions.apply(entry.payload)

    def lose(self) -> None:
        """Its continuity is gone: it is read anew before anything else is delivered."""
        self.state.offset = None

    async def apply(self, entries: Iterable[Entry]) -> None:
        """Applies it as far as the writers of these entries had seen it. Raises when it cannot be read."""
        revocation_offset = max((entry.revocation_offset for entry in entries), default=0)
        while not self.has_applied(revocation_offset):
            await (self._advance() if self.is_loaded else self.load())

    async def load(self) -> None:
        """What ended lately, when this process did not look."""
        page = await self._reader.recent(REVOCATIONS, REMEMBER_SECONDS)
        for entry in page.entries:
            self.sessions.apply(entry.payload)
        offset = max([page.head.offset, *(entry.offset for entry in page.entries)])
        self.state.epoch, self.state.offset = page.head.epoch, offset
        self.state.head = max(self.state.head, offset)

    async def _advance(self) -> None:
        page = await self._reader.page(REVOCATIONS, self.state.offset)
        if page.head.epoch != self.state.epoch:
            self.lose()
        elif not page.entries:
            raise LookupError("an event names a control offset that the control log does not have")
        elif page.entries[0].offset > self.state.offset + 1:  # pruned under us
            self.lose()
        for entry in page.entries:
            if self.is_loaded and entry.offset == self.state.offset + 1:
                self.take(entry)
