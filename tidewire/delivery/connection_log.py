"""What of the connections of this process is still to be written to the logbook.

A connection says that it has changed, which costs an entry of a dictionary; its state is read when the next batch is
written. Nothing here waits. What a process that is killed had not written is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Protocol

from tidewire.ground.connection_states import ConnectionState

MAX_ENDED = 10_000
"""Connections that ended and are not written yet: above it the oldest are dropped, and counted."""
UNREAD_STEP = 64 * 1024
"""A connection is written again when its unread bytes have grown or shrunk by a step."""


class Described(Protocol):
    """A connection that can describe itself."""

    @property
    def unread(self) -> int: ...

    def describe(self) -> ConnectionState: ...


class ConnectionLog:
    """The changed and the ended connections of one event loop."""

    def __init__(self) -> None:
        self._open: dict[Described, int] = {}  # with their unread bytes, in steps, as last written
        self._changed: dict[Described, None] = {}
        self._ended: deque[ConnectionState] = deque(maxlen=MAX_ENDED)
        self.dropped = 0

    def changed(self, connection: Described) -> None:
        """Notes that a connection was identified, or that its subscriptions changed."""
        self._open.setdefault(connection, 0)
        self._changed[connection] = None

    def ended(self, connection: Described, state: ConnectionState) -> None:
        """Notes the end of a connection. One that was never identified is nothing to write."""
        if self._open.pop(connection, None) is None:
            return
        self._changed.pop(connection, None)
        self._put(state)

    def _put(self, state: ConnectionState) -> None:
        self.dropped += len(self._ended) == MAX_ENDED
        self._ended.append(state)

    def take(self, most: int) -> list[ConnectionState]:
        """Returns the states to write next, at most so many: first those that ended, then those that changed."""
        for connection, written in self._open.items():
            if connection.unread // UNREAD_STEP != written:
                self._changed[connection] = None
        states = [self._ended.popleft() for _ in range(min(most, len(self._ended)))]
        for connection in list(self._changed)[: most - len(states)]:
            del self._changed[connection]
            self._open[connection] = connection.unread // UNREAD_STEP
            states.append(connection.describe())
        return states

    def put_back(self, states: Iterable[ConnectionState]) -> None:
        """Takes back states that could not be written. Of open connections the next state is written instead."""
        by_id = {connection.describe().id: connection for connection in self._open}
        for state in states:
            if state.ended_at is not None:
                self._put(state)
            elif state.id in by_id:
                self._changed[by_id[state.id]] = None
