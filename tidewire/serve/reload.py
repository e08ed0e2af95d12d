"""One reload: all workers are replaced, one after the other, without a moment in which none serves.

A successor accepts connections only when it is ready. Then its predecessor drains. From the first successor on, the
predecessors that are left accept no new connections: a client that was asked to reconnect comes to a successor, and so
is asked once. When a successor is not ready, it ends, and the reload with it: the predecessors that are left serve on.
"""

from __future__ import annotations

import logging
import time

from tidewire.serve import supervisor_pipe, systemd
from tidewire.serve.workers import Slot, Worker, Workers

logger = logging.getLogger(__name__)

READY_SECONDS = 60.0
"""How long a successor may take to be ready."""


class Reload:
    """A reload that is under way: `step` takes it further whenever something may have happened."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._left = list(workers.slots)
        self._new: list[Worker] = []
        self._deadline = 0.0
        self.is_over = False
        logger.info("reload: %d workers are replaced", len(self._left))
        systemd.notify_reloading(f"{len(self._left)} workers are replaced, one after the other")

    def step(self) -> None:
        """Starts the next successor, hands over to one that is ready, or refuses the reload. Does not wait."""
        if dead := [worker for worker in self._new if not worker.is_running]:
            self._refuse(f"a new worker ended with status {dead[0].process.returncode} while it served")
        elif not self._left:
            self._finish()
        elif (successor := self._left[0].successor) is None:
            self._start_successor(self._left[0])
        elif successor.is_ready:
            self._hand_over(self._left.pop(0), successor)
        elif not successor.is_running:
            self._refuse(f"its first lines of output say why a new worker ended with status {_status(successor)}")
        elif time.monotonic() > self._deadline:
            self._refuse(f"a new worker was not ready within {READY_SECONDS:.0f} s")

    def _start_successor(self, slot: Slot) -> None:
        try:
            slot.successor = self._workers.start_successor()
        except OSError as error:
            self._refuse(f"a new worker cannot be started: {error}")
        else:
            self._deadline = time.monotonic() + READY_SECONDS

    def _hand_over(self, slot: Slot, successor: Worker) -> None:
        self._new.append(successor)
        self._tell_predecessors(supervisor_pipe.PAUSE)
        self._workers.retire(slot)

    def _tell_predecessors(self, message: bytes) -> None:
        for slot in self._left:
            if slot.worker is not None:
                slot.worker.tell(message)

    def _finish(self) -> None:
        logger.info("reload: %d workers serve", len(self._new))
        self._end("done", f"{len(self._new)} workers serve")

    def _refuse(self, reason: str) -> None:
        """Ends the reload. What is left of the workers before it serves on."""
        for slot in self._left:
            self._workers.drop_successor(slot)
        self._tell_predecessors(supervisor_pipe.ACCEPT)
        logger.error(
            "reload refused: %s. %d of %d workers were replaced, the others serve on with the code of before",
            reason,
            len(self._new),
            len(self._workers.slots),
        )
        self._end("refused", f"reload refused, {len(self._left)} workers serve on with the code of before")

    def _end(self, outcome: str, status: str) -> None:
        self.is_over = True
        self._workers.figures.reloads.labels(outcome).inc()
        self._workers.count()
        systemd.notify(f"READY=1\nSTATUS={status}")


def _status(worker: Worker) -> int:
    return worker.process.wait()
