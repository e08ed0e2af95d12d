"""Begins the requests of all HTTP/2 connections in turns.

A request costs many times what a frame does, and each connection may have a hundred of them in one packet.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Protocol

TURN_REQUESTS = 2
"""Of all connections together, that are begun in one turn of the event loop."""


class HasRequests(Protocol):
    """A connection with requests that have arrived whole."""

    def begin_request(self) -> bool:
        """Begins the oldest of them. Returns whether there are more."""
        ...


class RequestTurns:
    """The connections of one process that have requests to begin, each once. Used in the event loop only."""

    def __init__(self) -> None:
        self._waiting: deque[HasRequests] = deque()
        self._members: set[HasRequests] = set()
        self._is_scheduled = False

    def wait(self, connection: HasRequests) -> None:
        """Gives the connection its turn, behind those that wait already. Does nothing for one that waits."""
        if connection not in self._members:
            self._members.add(connection)
            self._waiting.append(connection)
            self._schedule()

    def _schedule(self) -> None:
        if self._waiting and not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self._take)

    def _take(self) -> None:
        self._is_scheduled = False
        try:
            for _ in range(min(TURN_REQUESTS, len(self._waiting))):
                connection = self._waiting.popleft()
                self._members.discard(connection)
                if connection.begin_request():
                    self.wait(connection)
        finally:
            self._schedule()
