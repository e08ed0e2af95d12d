"""Workers that were retired: each ends, by itself or killed."""

from __future__ import annotations

import selectors
import signal
import socket
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.tidewire.serve.served import wait_until
from tidewire.serve.metrics_folder import MetricsFolder
from tidewire.serve.workers import Worker, Workers

READY = """
import os, signal, socket, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN if {is_stuck} else signal.SIG_DFL)
pipe = socket.socket(fileno=int(sys.argv[-1]))
pipe.send(b"R")
signal.pause()
"""
"""A worker that is ready, and that may be in a call that never returns."""

StartAll = Callable[..., Workers]


@pytest.fixture
def start_all(folder: MetricsFolder) -> Iterator[StartAll]:
    """`start_all(is_stuck)` starts one worker, which is ready then."""
    made: list[Workers] = []
    with socket.create_server(("127.0.0.1", 0)) as listening, selectors.DefaultSelector() as selector:

        def start(is_stuck: bool) -> Workers:
            command = [sys.executable, "-c", READY.format(is_stuck=is_stuck)]
            workers = Workers(listening, 1, command, selector, folder, end_seconds=0.5)
            made.append(workers)
            workers.start_all()
            become_ready(workers, workers.slots[0].worker)
            return workers

        yield start
        for workers in made:
            for worker in workers.running:
                worker.process.kill()
                worker.process.wait()


def become_ready(workers: Workers, worker: Worker | None) -> None:
    assert worker is not None
    workers.read(worker)  # waits for its byte
    assert worker.is_ready


@pytest.mark.parametrize(("is_stuck", "status"), [(False, -signal.SIGTERM), (True, -signal.SIGKILL)])
def test_a_retired_worker_ends_and_its_successor_serves(
    start_all: StartAll, caplog: pytest.LogCaptureFixture, is_stuck: bool, status: int
) -> None:
    workers = start_all(is_stuck)
    (slot,) = workers.slots
    retired, slot.successor = slot.worker, workers.start_successor()
    assert retired is not None
    become_ready(workers, slot.successor)

    workers.retire(slot)

    def is_over() -> bool:
        workers.reap_and_restart()
        return not slot.draining

    assert wait_until(is_over, 20)
    assert retired.process.returncode == status
    assert slot.worker is not None
    assert slot.worker.is_running
    assert ("and is killed" in caplog.text) is is_stuck
