"""A timer wheel: one timer of the event loop for all sockets of a process, instead of three timers for each socket.

A timer (a ping, a missing pong, the end of a token) lies in the slot of the quarter of a second in which it is due, and
is nearly always cancelled before. A slot is a dictionary, so adding and cancelling cost the same however many sockets
there are. Timers fire up to a quarter of a second late. One that is due so soon that this would matter goes to the
event loop itself.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from math import ceil
from typing import Any, Protocol

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.25
COARSE_SECONDS = 2.0


class Handle(Protocol):
    """A timer that can be cancelled: of the wheel, or of the event loop."""

    def cancel(self) -> None: ...


class Timer:
    """One timer of the wheel."""

    __slots__ = ("_args", "_call", "_slot")

    def __init__(self, slot: dict[Timer, None], call: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._slot, self._call, self._args = slot, call, args
        slot[self] = None

    def cancel(self) -> None:
        self._slot.pop(self, None)

    def fire(self) -> None:
        self._call(*self._args)


class TimerWheel:
    """The timers of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, dict[Timer, None]] = {}
        self._at = 0  # the last slot that was emptied
        self._is_turning = False

    def call_later(self, seconds: float, call: Callable[..., None], *args: Any) -> Handle:
        """Calls `call(*args)` after `seconds`, like the loop's own `call_later` but up to TURN_SECONDS later. `call`
        must not block."""
        if seconds < COARSE_SECONDS:
            return self._loop.call_later(seconds, call, *args)
        if not self._is_turning:
            self._is_turning, self._at = True, int(self._loop.time() / TURN_SECONDS)
            self._loop.call_later(TURN_SECONDS, self._turn)
        due = ceil((self._loop.time() + seconds) / TURN_SECONDS)
        return Timer(self._slots.setdefault(due, {}), call, args)

    def _turn(self) -> None:
        now = int(self._loop.time() / TURN_SECONDS)
        while self._at < now:
            self._at += 1
            self._fire(self._slots.pop(self._at, {}))
        self._is_turning = bool(self._slots)
        if self._is_turning:
            self._loop.call_later(TURN_SECONDS, self._turn)

    def _fire(self, slot: dict[Timer, None]) -> None:
        while slot:  # one timer's call may cancel others
            timer = next(iter(slot))
            del slot[timer]
            try:
                timer.fire()
            except Exception:
                logger.exception("a timer's call failed")
