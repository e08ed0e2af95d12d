"""The worker processes of a supervisor: started, restarted when they die, retired.

Each worker is a new interpreter, not a fork. It shares two things with the supervisor: the listening socket, and a pipe
(supervisor_pipe.py). When the supervisor's end of the pipe closes, the worker drains; so workers never outlive a
supervisor that was killed. A worker that dies is started again after a pause, which doubles while its successors keep
dying.
"""

from __future__ import annotations

import logging
import math
import os
import selectors
import socket
import subprocess
import time
from dataclasses import dataclass, field

from tidewire.serve import supervisor_pipe
from tidewire.serve.metrics_folder import MetricsFolder
from tidewire.serve.supervisor_figures import Figures

logger = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
STABLE_SECONDS = 30.0
"""A worker that lived longer is restarted after the first pause again: its death is unlikely to repeat at once."""


@dataclass(eq=False)
class Worker:
    """One worker process, and the supervisor's end of its pipe: None once that is closed. `kill_at` is when one that
    drains is stuck."""

    process: subprocess.Popen[bytes]
    pipe: socket.socket | None
    started_at: float
    is_ready: bool = False
    kill_at: float = math.inf

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def tell(self, message: bytes) -> None:
        supervisor_pipe.tell(self.pipe, message)


@dataclass(eq=False)
class Slot:
    """One of the places for a worker, with the one that is to take it over, and with predecessors that still drain."""

    number: int
    worker: Worker | None = None
    successor: Worker | None = None
    pause_seconds: float = 0.0
    restart_at: float = 0.0
    draining: list[Worker] = field(default_factory=list)

    @property
    def running(self) -> list[Worker]:
        """All its workers that run."""
        return [each for each in (self.worker, self.successor, *self.draining) if each is not None and each.is_running]


class Workers:
    """`count` slots. `command` starts a worker; options are appended to it. `folder` holds the metrics of all. A worker
    that was retired ends within `end_seconds`, or is killed."""

    def __init__(
        self,
        listening: socket.socket,
        count: int,
        command: list[str],
        selector: selectors.BaseSelector,
        folder: MetricsFolder,
        end_seconds: float,
    ) -> None:
        self._listening, self._command, self._selector, self._folder = listening, command, selector, folder
        self._end_seconds = end_seconds
        self.slots = [Slot(number) for number in range(count)]
        self.figures = Figures(folder.path, count)

    @property
    def are_ready(self) -> bool:
        """Whether each slot has a worker that serves."""
        return all(slot.worker is not None and slot.worker.is_ready for slot in self.slots)

    @property
    def running(self) -> list[Worker]:
        return [worker for slot in self.slots for worker in slot.running]

    def start_all(self) -> None:
        """Starts the first worker of each slot. They need no checks, which the supervisor has just passed. Raises
        OSError."""
        for slot in self.slots:
            slot.worker = self._start("--skip-checks")

    def start_successor(self) -> Worker:
        """Starts a worker that accepts no connection before it is ready, and ends if it cannot be. Raises OSError where
        the system starts no process: its program is gone, or there is no memory or no descriptor left."""
        return self._start("--successor")

    def _start(self, *options: str) -> Worker:
        self._folder.keep()
        ours, theirs = socket.socketpair()
        fds = (self._listening.fileno(), theirs.fileno())
        command = [*self._command, *options, "--fd", str(fds[0]), "--supervisor-fd", str(fds[1])]
        environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"}
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(self._folder.path)
        with theirs:
            try:
                process = subprocess.Popen(command, pass_fds=fds, env=environment, start_new_session=True)
            except OSError:
                ours.close()
                raise
        worker = Worker(process, ours, time.monotonic())
        self._selector.register(ours, selectors.EVENT_READ, worker)
        return worker

    def read(self, worker: Worker) -> None:
        """Takes in what a worker has sent: that it is ready, or that its end of the pipe is closed."""
        if worker.pipe is None:
            return
        try:
            received = worker.pipe.recv(1)
        except ConnectionResetError:
            received = b""
        if received == supervisor_pipe.READY:
            worker.is_ready = True
            self.count()
        else:
            self.close_pipe(worker)

    def close_pipe(self, worker: Worker) -> None:
        if worker.pipe is not None:
            self._selector.unregister(worker.pipe)
            worker.pipe.close()
            worker.pipe = None

    def count(self) -> None:
        """Brings the metrics up to date."""
        self.figures.workers.set(sum(slot.worker is not None and slot.worker.is_ready for slot in self.slots))
        self.figures.write()

    # -- ends ----------------------------------------------------------------------------------------------------------

    def retire(self, slot: Slot) -> None:
        """Lets the slot's worker drain, and gives its place to the successor."""
        if (predecessor := slot.worker) is not None:
            predecessor.process.terminate()
            predecessor.kill_at = time.monotonic() + self._end_seconds
            slot.draining.append(predecessor)
        slot.worker, slot.successor = slot.successor, None
        self.count()

    def drop_successor(self, slot: Slot) -> None:
        """Ends the slot's successor; the slot's worker stays."""
        if (successor := slot.successor) is not None:
            successor.process.kill()
            successor.process.wait()
            self._forget(successor)
            slot.successor = None

    def reap_and_restart(self) -> None:
        """Takes leave of workers that have ended, and starts those again that ended unasked."""
        for slot in self.slots:
            for worker in list(slot.draining):
                self._see_out(slot, worker)
            if slot.worker is not None and not slot.worker.is_running:
                self._bury(slot, slot.worker)
            if slot.worker is None and slot.successor is None and time.monotonic() >= slot.restart_at:
                self._restart(slot)

    def _restart(self, slot: Slot) -> None:
        """Starts a worker in an empty slot. While others serve, it must show that it can: the code may have changed
        since the last reload."""
        do_others_serve = any(other.worker is not None and other.worker.is_ready for other in self.slots)
        try:
            slot.worker = self.start_successor() if do_others_serve else self._start()
        except OSError as error:
            self._pause(slot)
            logger.error(
                "worker %d cannot be started: %s. It is tried again in %.1f s", slot.number, error, slot.pause_seconds
            )

    def _see_out(self, slot: Slot, worker: Worker) -> None:
        """Takes leave of a retired worker that has ended. Kills one whose time is over: stuck in a call that does not
        return, it would keep its clients and its connections to the database for ever."""
        if not worker.is_running:
            slot.draining.remove(worker)
            self._forget(worker)
        elif time.monotonic() > worker.kill_at:
            logger.error("process %d was retired %.0f s ago, and is killed", worker.process.pid, self._end_seconds)
            worker.process.kill()
            worker.kill_at = math.inf

    def _bury(self, slot: Slot, worker: Worker) -> None:
        """Empties the slot of a worker that died unasked, and sets the time of its restart."""
        if time.monotonic() - worker.started_at > STABLE_SECONDS:
            slot.pause_seconds = 0.0
        self._pause(slot)
        logger.error(
            "worker %d ended with status %d and is restarted in %.1f s",
            slot.number,
            worker.process.returncode,
            slot.pause_seconds,
        )
        self._forget(worker)
        slot.worker = None
        self.figures.deaths.inc()
        self.count()

    @staticmethod
    def _pause(slot: Slot) -> None:
        """Sets the time of the slot's next start: later each time."""
        slot.pause_seconds = min(2 * slot.pause_seconds, LONGEST_PAUSE_SECONDS) or FIRST_PAUSE_SECONDS
        slot.restart_at = time.monotonic() + slot.pause_seconds

    def _forget(self, worker: Worker) -> None:
        """Closes the pipe of a worker that has ended, and deletes its live gauges. Its counters stay: what they counted
        has happened."""
        self.close_pipe(worker)
        for path in self._folder.path.glob(f"gauge_live*_{worker.process.pid}.db"):
            path.unlink(missing_ok=True)
