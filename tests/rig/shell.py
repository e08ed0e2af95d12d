"""`manage.py shell`, kept open: a writer that is not a server, started once for all that a site asks of it.

A process of Django's takes more than a second to start. After each piece of code its connections are closed, so that a
database may be restored or restarted in between.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.rig import servers

# Each piece has names of its own, as in a process of its own.
_LOOP = """
import contextlib, io, json, sys, traceback
from django.db import connections
answers, sys.stdout = sys.stdout, sys.stderr
for line in sys.stdin:
    printed, failed = io.StringIO(), ""
    with contextlib.redirect_stdout(printed):
        try:
            exec(json.loads(line), {"__name__": "shell"})
        except BaseException:
            failed = traceback.format_exc()
    for connection in connections.all(initialized_only=True):
        connection.close()
        getattr(connection, "close_pool", lambda: None)()
    print(json.dumps([printed.getvalue(), failed]), file=answers, flush=True)
"""


class Shell:
    """One process that runs code, a piece at a time."""

    def __init__(self, environment: Mapping[str, str], log: Path, root: Path) -> None:
        self._environment, self._log, self._root = environment, log, root
        self._process: subprocess.Popen[bytes] | None = None
        self._is_busy = threading.Lock()

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Whether it is free; if so, it is the caller's inside the block."""
        is_free = self._is_busy.acquire(blocking=False)
        try:
            yield is_free
        finally:
            if is_free:
                self._is_busy.release()

    def run(self, code: str) -> str:
        """Returns what the code printed. Raises AssertionError with its traceback when it failed."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(code).encode() + b"\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise AssertionError(f"the shell ended:\n{servers.tail(self._log)}")
        printed, failed = json.loads(answer)
        assert not failed, f"the shell printed {printed!r} and failed:\n{failed}"
        return printed

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", _LOOP]
            self._process = servers.spawn(
                command,
                log=self._log,
                cwd=self._root,
                env=dict(self._environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process

    def stop(self) -> None:
        if self._process is None:
            return
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        servers.end(self._process, 9)
