"""Workers on one listening socket: started, restarted when they die, told when to end.

Each worker is a new interpreter, not a fork: it shares nothing with us but the socket and a line on which it says that
it serves. When the line breaks on our side, the worker drains; when it dies, it is started again, after a pause that
grows while it keeps dying.
"""

from __future__ import annotations

import logging
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tidewire.serve.notify import READY, tell_systemd

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
LIVELY_SECONDS = 30.0
"""Who lived so long did not die of what a restart would repeat."""
READY_SECONDS = 60.0
TICK_SECONDS = 0.2
KILL_SECONDS = 15.0
"""Above the drain: after that a worker is stuck."""


@dataclass(eq=False)
class Worker:
    """One place, and the process that holds it."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None
    is_ready: bool = False
    started_at: float = 0.0
    pause: float = 0.0
    due_at: float = 0.0
    leaving: list[subprocess.Popen[bytes]] = field(default_factory=list)


class Supervisor:
    """`command` starts a worker; `{fd}` and `{line}` are added as its arguments."""

    def __init__(self, listening: socket.socket, count: int, command: list[str], drain_seconds: float) -> None:
        self._listening, self._command = listening, command
        self._kill_seconds = drain_seconds + KILL_SECONDS
        self._workers = [Worker(number) for number in range(count)]
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._measures = tempfile.mkdtemp(prefix="tidewire-metrics-")  # see tidewire/ground/metrics.py
        self._is_ready = False

    def run(self) -> int:
        """Until a signal ends it; the exit status. SIGHUP replaces the workers one by one."""
        self._listen_for_signals()
        for worker in self._workers:
            self._start(worker)
        while not self._is_asked_to_end():
            self._wait()
            self._look_after_all()
            if signal.SIGHUP in self._signals:
                self._signals = [number for number in self._signals if number != signal.SIGHUP]
                self._replace_all()
        return self._end()

    # -- signals -------------------------------------------------------------------------------------------------------

    def _listen_for_signals(self) -> None:
        """Signals arrive as bytes on a socket, so that no handler runs in the middle of something."""
        reading, writing = socket.socketpair()
        for end in (reading, writing):
            end.setblocking(False)
        signal.set_wakeup_fd(writing.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda number, frame: None)
        self._wakeup = (reading, writing)
        self._selector.register(reading, selectors.EVENT_READ)

    def _is_asked_to_end(self) -> bool:
        return signal.SIGTERM in self._signals or signal.SIGINT in self._signals

    def _wait(self) -> None:
        for key, _ in self._selector.select(TICK_SECONDS):
            if key.data is None:
                self._signals += [n for n in self._wakeup[0].recv(64) if n != signal.SIGCHLD]
            else:
                self._hear(key.data)

    # -- workers -------------------------------------------------------------------------------------------------------

    def _start(self, worker: Worker) -> None:
        ours, theirs = socket.socketpair()
        fds = (self._listening.fileno(), theirs.fileno())
        command = [*self._command, "--fd", str(fds[0]), "--line", str(fds[1])]
        environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        environment["PROMETHEUS_MULTIPROC_DIR"] = self._measures
        worker.process = subprocess.Popen(command, pass_fds=fds, env=environment, start_new_session=True)
        theirs.close()
        worker.line, worker.is_ready, worker.started_at = ours, False, time.monotonic()
        self._selector.register(ours, selectors.EVENT_READ, worker)

    def _hear(self, worker: Worker) -> None:
        if worker.line is None:
            return
        try:
            said = worker.line.recv(1)
        except ConnectionResetError:
            said = b""
        if said == READY:
            worker.is_ready = True
            self._say_ready()
        else:
            self._hang_up(worker)

    def _hang_up(self, worker: Worker) -> None:
        if worker.line is not None:
            self._selector.unregister(worker.line)
            worker.line.close()
            worker.line = None

    def _say_ready(self) -> None:
        if not self._is_ready and all(worker.is_ready for worker in self._workers):
            self._is_ready = True
            tell_systemd("READY=1")
            logger.info("%d workers serve", len(self._workers))

    def _look_after_all(self) -> None:
        for worker in self._workers:
            for process in [process for process in worker.leaving if process.poll() is not None]:
                worker.leaving.remove(process)
                self._forget_gauges(process.pid)
            if worker.process is not None and worker.process.poll() is not None:
                self._note_death(worker, time.monotonic())
            if worker.process is None and time.monotonic() >= worker.due_at:
                self._start(worker)

    def _note_death(self, worker: Worker, now: float) -> None:
        is_first = now - worker.started_at > LIVELY_SECONDS or not worker.pause
        worker.pause = FIRST_PAUSE_SECONDS if is_first else min(2 * worker.pause, LONGEST_PAUSE_SECONDS)
        worker.due_at = now + worker.pause
        logger.error(
            "worker %d ended with %d, the next starts in %.1f s", worker.number, worker.process.returncode, worker.pause
        )
        self._hang_up(worker)
        self._forget_gauges(worker.process.pid)
        worker.process = None

    def _forget_gauges(self, pid: int) -> None:
        """What a dead process had is nobody's any more. Its counters stay: what they counted has happened."""
        for path in Path(self._measures).glob(f"gauge_live*_{pid}.db"):
            path.unlink(missing_ok=True)

    def _replace_all(self) -> None:
        """One by one: the successor serves before its predecessor drains."""
        for worker in self._workers:
            before, line = worker.process, worker.line
            if before is None or before.poll() is not None:
                continue
            if line is not None:
                self._selector.unregister(line)
            self._start(worker)
            deadline = time.monotonic() + READY_SECONDS
            while not worker.is_ready and worker.process.poll() is None and time.monotonic() < deadline:
                self._wait()
                if self._is_asked_to_end():
                    break
            before.terminate()
            worker.leaving.append(before)
            if line is not None:
                line.close()

    # -- the end -------------------------------------------------------------------------------------------------------

    def _end(self) -> int:
        """Tells all workers to drain, and waits for them. A second signal ends them at once."""
        tell_systemd("STOPPING=1")
        processes = [p for w in self._workers for p in (w.process, *w.leaving) if p is not None and p.poll() is None]
        for process in processes:
            process.terminate()
        self._signals.clear()
        deadline = time.monotonic() + self._kill_seconds
        while any(process.poll() is None for process in processes):
            self._wait()
            if self._is_asked_to_end() or time.monotonic() > deadline:
                for process in processes:
                    process.kill()
                deadline = float("inf")
        shutil.rmtree(self._measures, ignore_errors=True)
        return 0 if all(process.returncode == 0 for process in processes) else 1


def worker_command(arguments: list[str]) -> list[str]:
    """This very program, as one worker."""
    return [sys.executable, *arguments, "serve", "--skip-checks"]
