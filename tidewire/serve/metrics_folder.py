"""The folder in which a supervisor and its workers keep their metrics: PROMETHEUS_MULTIPROC_DIR.

It goes with the supervisor. One that was killed leaves its folder behind, and the next supervisor removes it: the lock
on a file of the folder says whether its supervisor lives.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

PREFIX = "tidewire-metrics-"
LOCK = "lock"


class MetricsFolder:
    """A new folder of this supervisor. Raises OSError."""

    def __init__(self) -> None:
        _remove_abandoned()
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = _locked(self.path / LOCK)

    def keep(self) -> None:
        """Makes the folder again where something has deleted it, as cleaners of /tmp do. Raises OSError."""
        self.path.mkdir(mode=0o700, exist_ok=True)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def _locked(path: Path) -> int:
    """Returns the descriptor of a locked file. It gets its name when it is locked: without, it would look abandoned."""
    fresh = path.with_suffix(".new")
    lock = os.open(fresh, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    fresh.replace(path)
    return lock


def _remove_abandoned() -> None:
    """Removes the folders of supervisors that live no more. Those of other users cannot be opened, and stay."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
        with suppress(OSError):
            lock = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path.parent)
            finally:
                os.close(lock)
