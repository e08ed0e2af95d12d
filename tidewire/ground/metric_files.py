"""The files in which workers keep their metrics: with disk space for every value, before it is written.

prometheus-client maps files that it has lengthened without writing to them. On a full disk, the first write to such a
page ends the process with SIGBUS: a worker would die of its figures. Here space is allocated with the file's length.
Where there is none left, the figures go on in this process's own memory, and other workers do not see them.
"""

from __future__ import annotations

import logging
import mmap
import os
import sys
from contextlib import suppress
from functools import cache
from typing import Any

from prometheus_client import mmap_dict, values

logger = logging.getLogger(__name__)

FIRST_BYTES = 1 << 16  # as prometheus-client's
ENTRY_BYTES = 40
"""At most, of an entry beside its key: its length, padding, value and time."""


class AllocatedDict(mmap_dict.MmapedDict):
    """A file of metrics. The lock of prometheus-client's values is held during each call."""

    _f: Any
    _m: mmap.mmap
    _capacity: int
    _used: int

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not os.path.exists(filename):
            filename = _allocated(filename)
        super().__init__(filename, read_mode)

    def _init_value(self, key: str) -> None:
        while self._used + ENTRY_BYTES + len(key.encode()) > self._capacity:
            self._grow(2 * self._capacity)
        untyped: Any = super()
        untyped._init_value(key)

    def _grow(self, size: int) -> None:
        try:
            os.posix_fallocate(self._f.fileno(), 0, size)
        except OSError as error:
            _warn(error.errno)
            self._f = open(_memory(), "a+b")  # noqa: SIM115  it is closed with the process
            self._f.truncate(size)
        larger = mmap.mmap(self._f.fileno(), size)
        larger[: self._used] = self._m[: self._used]
        self._m, self._capacity = larger, size


def _allocated(filename: str) -> str:
    """Makes the file with its first bytes. Returns its name; another one, in memory, where there is no room for it."""
    fresh = f"{filename}.new"  # readers take only those whose name ends with .db
    try:
        with open(fresh, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, FIRST_BYTES)
        os.replace(fresh, filename)
    except OSError as error:
        _warn(error.errno)
        with suppress(OSError):
            os.unlink(fresh)
        return f"/proc/self/fd/{_memory()}"
    return filename


def _memory() -> int:
    """Returns the descriptor of a file in memory."""
    return os.memfd_create("tidewire-metrics")


@cache
def _warn(number: int | None) -> None:
    """Says so, once for each kind of failure."""
    logger.warning("the metrics of process %d are not seen by other workers: %s", os.getpid(), os.strerror(number or 0))


def allocate_from_now_on() -> None:
    """Lets prometheus-client keep its values in such files. Call it before the first metric is made."""
    if sys.platform == "linux":
        values.__dict__["MmapedDict"] = AllocatedDict
