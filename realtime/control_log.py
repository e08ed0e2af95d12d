"""How far this process has applied the log of what ended everywhere (control.py). Nothing is delivered ahead of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from realtime.positions import Entry, Page
from realtime.sessions import REMEMBER_SECONDS, Sessions
from realtime.streams import CONTROL
from realtime.watched import Watched


class ControlReader(Protocol):
    async def page(self, name: str, offset: int) -> Page: ...

    async def recent(self, name: str, seconds: float) -> Page: ...


class ControlLog:
    """`watched.offset` is None until the endings of the last hour were read, and again when its continuity is lost."""

    def __init__(self, reader: ControlReader) -> None:
        self.sessions = Sessions()
        self.watched = Watched(CONTROL)
        self._reader = reader

    @property
    def is_loaded(self) -> bool:
        return self.watched.offset is not None

    def has_applied(self, control: int) -> bool:
        return self.is_loaded and control <= self.watched.offset

    def take(self, entry: Entry) -> None:
        """The next entry."""
        self.watched.offset = entry.offset
        self.watched.head = max(self.watched.head, entry.offset)
        self.sessions.apply(entry.payload)

    def lose(self) -> None:
        """Its continuity is gone: it is read anew before anything else is delivered."""
        self.watched.offset = None

    async def apply(self, entries: Iterable[Entry]) -> None:
        """Applies it as far as the writers of these entries had seen it. Raises when it cannot be read."""
        control = max((entry.control for entry in entries), default=0)
        while not self.has_applied(control):
            await (self._advance() if self.is_loaded else self.load())

    async def load(self) -> None:
        """What ended lately, when this process did not look."""
        page = await self._reader.recent(CONTROL, REMEMBER_SECONDS)
        for entry in page.entries:
            self.sessions.apply(entry.payload)
        offset = max([page.head.offset, *(entry.offset for entry in page.entries)])
        self.watched.epoch, self.watched.offset = page.head.epoch, offset
        self.watched.head = max(self.watched.head, offset)

    async def _advance(self) -> None:
        page = await self._reader.page(CONTROL, self.watched.offset)
        if page.head.epoch != self.watched.epoch:
            self.lose()
        elif not page.entries:
            raise LookupError("an event names a control offset that the control log does not have")
        elif page.entries[0].offset > self.watched.offset + 1:  # pruned under us
            self.lose()
        for entry in page.entries:
            if self.is_loaded and entry.offset == self.watched.offset + 1:
                self.take(entry)
