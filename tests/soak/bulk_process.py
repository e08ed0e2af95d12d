"""Starts and kills the bulk writer's process, and reads what it did."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.rig import servers
from tests.rig.site import ROOT, Environment
from tests.soak.bulk import read_writes
from tests.soak.history import Write


class BulkProcess:
    """A process that is started, killed and started again. Each start writes a file of its own.

    Call it from the main thread only: children die with the thread that started them.
    """

    def __init__(
        self, environment: Environment, folder: Path, seed: int, seconds: float, app: str, rooms: list[str]
    ) -> None:
        self._environment, self._folder = environment, folder
        self._seed, self._seconds, self._app, self._rooms = seed, seconds, app, rooms
        self._files: list[Path] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder / "bulk.log"

    def start(self) -> None:
        number = len(self._files)
        self._files.append(self._folder / f"bulk-{number}.jsonl")
        arguments = [str(self._seed * 1000 + number), self._files[-1], str(self._seconds), self._app, *self._rooms]
        self._process = servers.spawn(
            [sys.executable, "-m", "tests.soak.bulk", *map(str, arguments)],
            log=self.log,
            cwd=ROOT,
            env=self._environment,
        )

    def kill(self) -> None:
        if self._process is not None:
            servers.end(self._process, signal.SIGKILL)

    def writes(self) -> list[Write]:
        return [write for file in self._files for write in read_writes(file)]
