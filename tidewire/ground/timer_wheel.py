"""One timer for all sockets of a process, in place of three each.

What is due in some seconds, a ping, a missing pong, a token's end, is put into the slot of its quarter of a second and
nearly always taken out again. A slot is a dictionary: both cost the same however many sockets there are. Things happen
up to a quarter of a second late; what is due so soon that this would matter gets a timer of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from math import ceil
from typing import Any, Protocol
from weakref import WeakKeyDictionary

logger = logging.getLogger(__name__)

TURN_SECONDS = 0.25
COARSE_SECONDS = 2.0


class Handle(Protocol):
    def cancel(self) -> None: ...


class Timer:
    """Something that is due."""

    __slots__ = ("_args", "_call", "_slot")

    def __init__(self, slot: dict[Timer, None], call: Callable[..., None], args: tuple[Any, ...]) -> None:
        self._slot, self._call, self._args = slot, call, args
        slot[self] = None

    def cancel(self) -> None:
        self._slot.pop(self, None)

    def fire(self) -> None:
        self._call(*self._args)


class TimerWheel:
    """Of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._slots: dict[int, dict[Timer, None]] = {}
        self._at = 0  # the last slot that was emptied
        self._is_turning = False

    def call_later(self, seconds: float, call: Callable[..., None], *args: Any) -> Handle:
        """As the loop's own, a little late. `call` must not wait."""
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
        while slot:  # what one of them does may cancel others
            timer = next(iter(slot))
            del slot[timer]
            try:
                timer.fire()
            except Exception:
                logger.exception("what was due failed")


_timer_wheels: WeakKeyDictionary[asyncio.AbstractEventLoop, TimerWheel] = WeakKeyDictionary()


def timer_wheel() -> TimerWheel:
    """The running loop's."""
    loop = asyncio.get_running_loop()
    found = _timer_wheels.get(loop)
    if found is None:
        found = _timer_wheels[loop] = TimerWheel(loop)
    return found
