"""Workers on one listening socket: started, restarted when they die, replaced at SIGHUP, ended at SIGTERM.

workers.py holds the processes, reload.py replaces them.
"""

from __future__ import annotations

import logging
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tidewire.serve import listening_socket, supervisor_pipe, systemd
from tidewire.serve.metrics_folder import MetricsFolder
from tidewire.serve.reload import Reload
from tidewire.serve.workers import Workers

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.2
KILL_SECONDS = 15.0
"""Beyond DRAIN_SECONDS: a worker that still runs then is stuck, and is killed."""


@dataclass(frozen=True, slots=True)
class EndTimes:
    """How long the end takes: with readiness withdrawn and everything served, and then for the drain."""

    lame_duck_seconds: float
    drain_seconds: float


class Supervisor:
    """Keeps `count` workers running. `command` starts one. `is_own_port` says that no other program, such as systemd,
    holds the listening socket."""

    def __init__(
        self, listening: socket.socket, count: int, command: list[str], times: EndTimes, is_own_port: bool
    ) -> None:
        self._listening, self._times, self._is_own_port = listening, times, is_own_port
        self._selector = selectors.DefaultSelector()
        self._signals: list[int] = []
        self._metrics_folder = MetricsFolder()
        end_seconds = times.drain_seconds + KILL_SECONDS
        self._workers = Workers(listening, count, command, self._selector, self._metrics_folder, end_seconds)
        self._reload: Reload | None = None
        self._is_ready = False

    def run(self) -> int:
        """Supervises until SIGTERM or SIGINT; returns the exit status. SIGHUP replaces the workers one by one."""
        self._catch_signals()
        self._workers.start_all()
        while not self._is_asked_to_end():
            self._wait()
            self._workers.reap_and_restart()
            self._announce_ready()
            self._go_on_with_reload()
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
                self._workers.read(key.data)

    # -- begin, reload, end --------------------------------------------------------------------------------------------

    def _announce_ready(self) -> None:
        if not self._is_ready and self._workers.are_ready:
            self._is_ready = True
            count = len(self._workers.slots)
            systemd.notify(f"READY=1\nSTATUS={count} workers serve")
            logger.info("%d workers serve", count)

    def _go_on_with_reload(self) -> None:
        """Takes a reload further. A SIGHUP during one asks for another after it."""
        if self._reload is None and signal.SIGHUP in self._signals:
            self._signals = [number for number in self._signals if number != signal.SIGHUP]
            self._reload = Reload(self._workers)
        if self._reload is not None:
            self._reload.step()
            if self._reload.is_over:
                self._reload = None

    def _end(self) -> int:
        """Ends all workers: they drain, and are killed at a second signal or when their time is over. Returns the exit
        status: 0 when each that was ready has drained."""
        lame_duck_seconds = self._times.lame_duck_seconds if signal.SIGTERM in self._signals else 0.0
        systemd.notify("STOPPING=1\nSTATUS=draining")
        self._signals.clear()
        workers = self._workers.running
        for worker in workers:
            worker.tell(supervisor_pipe.DRAINING)
        self._wait_until(lambda: False, lame_duck_seconds)
        if self._is_own_port:
            listening_socket.refuse_more(self._listening)
        self._listening.close()  # the last worker that closes it frees the port: new connections are refused at once
        for worker in workers:
            worker.process.terminate()
        are_ended = self._wait_until(
            lambda: not any(worker.is_running for worker in workers), self._times.drain_seconds + KILL_SECONDS
        )
        for worker in workers:
            if not are_ended:
                worker.process.kill()
            worker.process.wait()
        self._metrics_folder.remove()
        return 0 if all(worker.process.returncode == 0 for worker in workers if worker.is_ready) else 1

    def _wait_until(self, is_done: Callable[[], bool], seconds: float) -> bool:
        """Waits so long at most, and no longer than until a signal. Returns whether it is done."""
        deadline = time.monotonic() + seconds
        while not is_done() and time.monotonic() < deadline and not self._is_asked_to_end():
            self._wait()
        return is_done()


def worker_command(program: str, arguments: Sequence[str] = ()) -> list[str]:
    """Returns the command that runs this very program (`manage.py`) as a worker, with these arguments of `serve`."""
    return [sys.executable, program, "serve", *arguments]
