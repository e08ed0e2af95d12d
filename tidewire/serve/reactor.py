"""Twisted's reactor, on asyncio's event loop. Importing this module installs it for the whole process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, cast

import daphne.server  # installs the asyncio reactor, and stops the process if another one is in place


class ListeningPort(Protocol):
    """What the reactor accepts connections from."""

    def stopListening(self) -> Any: ...
    def stopReading(self) -> None: ...
    def startReading(self) -> None: ...
    def doRead(self) -> None: ...


class Reactor(Protocol):
    """The part of Twisted's asyncio reactor that `serve` uses. Twisted's own types describe interfaces only."""

    _asyncioEventloop: asyncio.AbstractEventLoop

    def callLater(self, delay: float, callable: Callable[[], object], /) -> object: ...
    def adoptStreamPort(self, fd: int, family: int, factory: object, /) -> ListeningPort: ...
    def addSystemEventTrigger(self, phase: str, event: str, callable: Callable[[], object], /) -> object: ...
    def run(self, installSignalHandlers: bool) -> None: ...


reactor = cast(Reactor, daphne.server.reactor)


def event_loop() -> asyncio.AbstractEventLoop:
    """Returns the loop that the reactor runs in."""
    return reactor._asyncioEventloop
