"""Workers on one listening socket: starts them, restarts those that die, replaces them one by one, ends them.

Each worker is a new interpreter, not a fork. It shares two things with the supervisor: the listening socket, and a
socket pair ("pipe") on which it sends READY once it serves. When the supervisor's end of the pipe closes, the worker
drains; so workers never outlive a supervisor that was killed. A worker that dies is started again after a pause, which
doubles while its successors keep dying.
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

from tidewire.serve import systemd

logger = logging.getLogger(__name__)

READY = b"R"
"""What a worker sends on its pipe once it serves."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STABLE_SECONDS = 30.0
"""A worker that lived longer is restarted after the first pause again: its death is unlikely to repeat at once."""
READY_SECONDS = 60.0
"""How long a replacement may take to start before its predecessor is ended regardless."""
TICK_SECONDS = 0.2
KILL_SECONDS = 15.0
"""Beyond DRAIN_SECONDS: a worker that still runs then is stuck, and is killed."""


@dataclass(eq=False)
class Worker:
    """One worker process, and the supervisor's end of its pipe: None once that is closed."""

    process: subprocess.Popen[bytes]
    pipe: socket.socket | None
    started_at: float
    is_ready: bool = False


@dataclass(eq=False)
class Slot:
    """One of the `count` places for a worker, with the predecessors that still drain."""

    number: int
    worker: Worker | None = None
    pause_seconds: float = 0.0
    restart_at: float = 0.0
    draining: list[subprocess.Popen[bytes]] = field(default_factory=list)


class Supervisor:
    """Keeps `count` workers running. `command` starts one; `--fd` and `--supervisor-fd` are appended to it."""

    def __init__(self, listening: socket.socket, count: int, command: list[str], drain_seconds: float) -> None:
        self._listening, self._command = listening, command
        self._kill_seconds = drain_seconds + KILL_SECONDS
        self._slots = [Slot(number) for number in range(count)]
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._metrics_folder = tempfile.mkdtemp(prefix="tidewire-metrics-")  # see tidewire/ground/metrics.py
        self._is_ready = False

    def run(self) -> int:
        """Supervises until SIGTERM or SIGINT; returns the exit status. SIGHUP replaces the workers one by one."""
        self._catch_signals()
        for slot in self._slots:
            slot.worker = self._start_worker()
        while not self._is_asked_to_end():
            self._wait()
            self._reap_and_restart()
            if signal.SIGHUP in self._signals:
                self._signals = [number for number in self._signals if number != signal.SIGHUP]
                self._replace_all()
        return self._end()

    # -- signals and pipes ---------------------------------------------------------------------------------------------

    def _catch_signals(self) -> None:
        """Makes signals arrive as bytes on a socket, so that no handler interrupts other code."""
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
        """Waits up to a tick for signals and for bytes on the pipes, and takes them in."""
        for key, _ in self._selector.select(TICK_SECONDS):
            if key.data is None:
                self._signals += [number for number in self._wakeup[0].recv(64) if number != signal.SIGCHLD]
            else:
                self._read_pipe(key.data)

    def _read_pipe(self, worker: Worker) -> None:
        if worker.pipe is None:
            return
        try:
            received = worker.pipe.recv(1)
        except ConnectionResetError:
            received = b""
        if received != READY:
            self._close_pipe(worker)
            return
        worker.is_ready = True
        if not self._is_ready and all(slot.worker is not None and slot.worker.is_ready for slot in self._slots):
            self._is_ready = True
            systemd.notify("READY=1")
            logger.info("%d workers serve", len(self._slots))

    def _close_pipe(self, worker: Worker) -> None:
        if worker.pipe is not None:
            self._selector.unregister(worker.pipe)
            worker.pipe.close()
            worker.pipe = None

    # -- workers -------------------------------------------------------------------------------------------------------

    def _start_worker(self) -> Worker:
        ours, theirs = socket.socketpair()
        fds = (self._listening.fileno(), theirs.fileno())
        command = [*self._command, "--fd", str(fds[0]), "--supervisor-fd", str(fds[1])]
        environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        environment["PROMETHEUS_MULTIPROC_DIR"] = self._metrics_folder
        process = subprocess.Popen(command, pass_fds=fds, env=environment, start_new_session=True)
        theirs.close()
        worker = Worker(process, ours, time.monotonic())
        self._selector.register(ours, selectors.EVENT_READ, worker)
        return worker

    def _reap_and_restart(self) -> None:
        for slot in self._slots:
            for process in [process for process in slot.draining if process.poll() is not None]:
                slot.draining.remove(process)
                self._remove_gauges(process.pid)
            if slot.worker is not None and slot.worker.process.poll() is not None:
                self._bury(slot, slot.worker)
            if slot.worker is None and time.monotonic() >= slot.restart_at:
                slot.worker = self._start_worker()

    def _bury(self, slot: Slot, worker: Worker) -> None:
        """Empties the slot of a worker that died unasked, and sets the time of its restart."""
        now = time.monotonic()
        is_first = now - worker.started_at > STABLE_SECONDS or not slot.pause_seconds
        slot.pause_seconds = FIRST_PAUSE_SECONDS if is_first else min(2 * slot.pause_seconds, LONGEST_PAUSE_SECONDS)
        slot.restart_at = now + slot.pause_seconds
        logger.error(
            "worker %d ended with status %d and is restarted in %.1f s",
            slot.number,
            worker.process.returncode,
            slot.pause_seconds,
        )
        self._close_pipe(worker)
        self._remove_gauges(worker.process.pid)
        slot.worker = None

    def _remove_gauges(self, pid: int) -> None:
        """Deletes the live gauges of a dead process. Its counters stay: what they counted has happened."""
        for path in Path(self._metrics_folder).glob(f"gauge_live*_{pid}.db"):
            path.unlink(missing_ok=True)

    def _replace_all(self) -> None:
        """Replaces the workers one by one: each successor serves before its predecessor drains."""
        for slot in self._slots:
            predecessor = slot.worker
            if predecessor is None or predecessor.process.poll() is not None:
                continue
            successor = slot.worker = self._start_worker()
            deadline = time.monotonic() + READY_SECONDS
            while not successor.is_ready and successor.process.poll() is None and time.monotonic() < deadline:
                self._wait()
                if self._is_asked_to_end():
                    break
            predecessor.process.terminate()
            slot.draining.append(predecessor.process)
            self._close_pipe(predecessor)

    def _end(self) -> int:
        """Ends all workers: they drain, and are killed at a second signal or after `_kill_seconds`. Returns the exit
        status, 0 when all of them drained."""
        systemd.notify("STOPPING=1")
        workers = [slot.worker.process for slot in self._slots if slot.worker is not None]
        processes = [*workers, *(process for slot in self._slots for process in slot.draining)]
        processes = [process for process in processes if process.poll() is None]
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
        shutil.rmtree(self._metrics_folder, ignore_errors=True)
        return 0 if all(process.returncode == 0 for process in processes) else 1


def worker_command(program: str) -> list[str]:
    """Returns the command that runs this very program (`manage.py`) as a worker."""
    return [sys.executable, program, "serve", "--skip-checks"]
