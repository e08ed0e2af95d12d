"""The revocation log, as this process has applied it to its connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Protocol

from tidewire.delivery.log_reader import LogReader
from tidewire.delivery.tasks import Tasks
from tidewire.ground import metrics
from tidewire.ground.disconnections import Disconnection, disconnection_of
from tidewire.ground.positions import Entry, Position
from tidewire.ground.revoked_sessions import RevokedSessions, remember_seconds, sessions_of
from tidewire.ground.streams import REVOCATIONS
from tidewire.protocol.codes import Code, Disconnect

logger = logging.getLogger(__name__)


class Endable(Protocol):
    """A connection of a session."""

    def end(self, code: Code) -> None: ...


class Sessions:
    """The connections of this process by their session, and the sessions that were revoked lately."""

    def __init__(self) -> None:
        self._connections: dict[str, dict[Endable, None]] = {}
        self._revoked = RevokedSessions()

    def add(self, session_id: str, connection: Endable) -> None:
        self._connections.setdefault(session_id, {})[connection] = None

    def discard(self, session_id: str, connection: Endable) -> None:
        connections = self._connections.get(session_id)
        if connections is not None:
            connections.pop(connection, None)
            if not connections:
                del self._connections[session_id]

    def has_ended(self, session_id: str | None) -> bool:
        """Whether this session was revoked, as far as the log is applied here. May be asked from any thread."""
        return session_id in self._revoked

    def revoke(self, session_ids: list[str]) -> None:
        """Remembers these sessions as revoked, and ends their connections for good."""
        self._revoked.add(session_ids)
        for session_id in session_ids:
            for connection in list(self._connections.get(session_id, ())):
                connection.end(Disconnect.FORCE_NO_RECONNECT)


class RevocationLog:
    """Follows the revocation log: the position in it, and how to reach its head.

    Each event names the revocation offset that its writer saw, and the hub delivers an event only when
    `has_applied(offset)` is true. So a connection whose session was revoked before the event was written is ended
    first. The position is unknown until the revocations were loaded that a token could have outlived, and again after
    continuity was lost, because the log was pruned or has another epoch; nothing is delivered until it
    was loaded again.
    """

    def __init__(
        self, reader: LogReader, sessions: Sessions, tasks: Tasks, disconnect: Callable[[Disconnection], None]
    ) -> None:
        """`disconnect` closes the connections of this process that an entry names. Only live entries are obeyed: one
        that is read again when the log is loaded is history."""
        self._reader, self._sessions, self._tasks, self._disconnect = reader, sessions, tasks, disconnect
        self._loop = asyncio.get_running_loop()
        self._epoch = ""
        self._offset: int | None = None  # of the last applied entry
        self._moved_at = 0.0  # when `_offset` changed, by the loop's clock
        self._head = 0  # the highest offset that was announced
        self._is_healing = False

    @property
    def is_loaded(self) -> bool:
        return self._offset is not None

    @property
    def is_behind(self) -> bool:
        return self._offset is not None and self._offset < self._head

    def has_applied(self, offset: int) -> bool:
        return self._offset is not None and offset <= self._offset

    # -- apply -------------------------------------------------------------------------------------------------------

    def announce(self, epoch: str, entries: Iterable[Entry]) -> None:
        """Takes in that the channel layer brought entries. Only the log itself is believed: it is read."""
        if epoch == self._epoch or self._offset is None:
            self._head = max([self._head, *(entry.offset for entry in entries)])
        self._heal_if_behind()

    def apply_next(self, epoch: str, entry: Entry) -> None:
        """Applies an entry of the log, or one that this process has committed, if it is the next one. Ignores any
        other."""
        if self._offset is not None and (epoch, entry.offset) == (self._epoch, self._offset + 1) and entry.payload:
            self._offset, self._moved_at = entry.offset, self._loop.time()
            self._head = max(self._head, entry.offset)
            self._sessions.revoke(sessions_of(entry.payload))
            disconnection = disconnection_of(entry.payload)
            if disconnection is not None:
                self._disconnect(disconnection)

    def update_head(self, head: Position, asked_at: float = 0.0) -> None:
        """Takes in the head of the log as it was read from the database; `asked_at` is when, by the loop's clock."""
        if self._offset is None:
            return
        if head.epoch != self._epoch:
            self._lose()
        elif head.offset < self._offset and self._moved_at < asked_at:
            self._rewind(head)
        else:
            self._head = max(self._head, head.offset)
            self._heal_if_behind()

    async def apply_for(self, entries: Iterable[Entry]) -> None:
        """Applies the log as far as the writers of these entries had seen it. Raises LookupError when the log does not
        go so far, and what the reader raises."""
        await self.apply(max((entry.revocation_offset for entry in entries), default=0))

    async def apply(self, needed: int) -> None:
        """Applies the log up to this offset at least. Raises as `apply_for` does."""
        while not self.has_applied(needed):
            before = self._offset
            await (self.load() if before is None else self._read_on(before))
            if self._offset == before:
                raise LookupError("an event names a revocation offset that the revocation log does not have")

    async def ensure_loaded(self) -> None:
        """Loads the log if it is not loaded. Raises what the reader raises."""
        if not self.is_loaded:
            await self.load()

    # -- load and heal -----------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Reads the revocations that a token can have outlived, and takes the head of the log as the position."""
        page = await self._reader.recent(REVOCATIONS, remember_seconds())
        for entry in page.entries:
            self._sessions.revoke(sessions_of(entry.payload))
        offset = max([page.head.offset, *(entry.offset for entry in page.entries)])
        if self._offset is None or self._epoch != page.head.epoch:  # otherwise another caller has loaded it meanwhile
            self._epoch, self._offset, self._moved_at = page.head.epoch, offset, self._loop.time()
        self._head = max(self._head, offset)
        self._heal_if_behind()

    def _heal_if_behind(self) -> None:
        if self.is_behind and not self._is_healing:
            self._is_healing = True
            self._tasks.start(self._heal())

    async def _heal(self) -> None:
        try:
            while self._offset is not None and self._offset < self._head:
                await self._read_on(self._offset)
        except Exception as error:
            logger.warning("cannot read the revocation log, will be tried with the next poll: %s", error)
        finally:
            self._is_healing = False

    async def _read_on(self, offset: int) -> None:
        """Reads one page after `offset` and applies it, or finds that the log does not go on from there."""
        page = await self._reader.page(REVOCATIONS, offset)
        for entry in page.entries:
            self.apply_next(page.head.epoch, entry)
        if self._offset == offset:  # neither the page nor a message that arrived meanwhile went on from it
            if page.head.epoch != self._epoch or page.head.offset > offset:
                self._lose()
            elif page.head.offset < offset:
                self._rewind(page.head)
            else:
                self._head = offset  # what was announced is not there

    def _rewind(self, head: Position) -> None:
        """Forgets a position that the log does not have: the next revocations would be taken for applied ones."""
        logger.error("the revocation log ends at %d, and %s was applied", head.offset, self._offset)
        metrics.restarts.labels("revocations").inc()
        self._lose()

    def _lose(self) -> None:
        """Forgets the position. The next poll loads the log again."""
        self._offset, self._head = None, 0
