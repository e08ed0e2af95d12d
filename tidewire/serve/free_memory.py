"""Gives memory back to the system that Python has freed.

glibc keeps what is freed in between what is still used. After some dozens of long answers a process has 150 MiB that
nothing uses. `malloc_trim` gives it back within some milliseconds; it is called only after the process has grown.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable
from pathlib import Path

LOOK_SECONDS = 2.0
GROWN_BYTES = 16 * 1024 * 1024
"""Growth since the last time that is worth another."""


class FreeMemory:
    """Looks every LOOK_SECONDS whether the process has grown, and then frees memory in a thread. Linux with glibc; does
    nothing elsewhere."""

    def __init__(self) -> None:
        self._trim = _malloc_trim()
        self._least = resident_bytes()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._trim is not None and self._least:
            loop.call_later(LOOK_SECONDS, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = resident_bytes()
        self._least = min(self._least, now)
        if now - self._least > GROWN_BYTES:
            loop.run_in_executor(None, self.give_back)
        loop.call_later(LOOK_SECONDS, self._look, loop)

    def give_back(self) -> None:
        """Gives back what is free. Takes milliseconds, without the interpreter's lock."""
        if self._trim is not None:
            self._trim(0)
        self._least = resident_bytes()


def resident_bytes() -> int:
    """Returns the memory that this process takes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


def _malloc_trim() -> Callable[[int], int] | None:
    try:
        return ctypes.CDLL("libc.so.6").malloc_trim
    except (OSError, AttributeError):
        return None
