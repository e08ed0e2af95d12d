"""What may fail around a supervisor does not end it: a program that is gone, a full disk, a folder that was deleted."""

from __future__ import annotations

import logging
import selectors
import shutil
import socket
from collections.abc import Iterator

import pytest

from tidewire.serve import metrics_folder
from tidewire.serve.metrics_folder import MetricsFolder
from tidewire.serve.reload import Reload
from tidewire.serve.workers import Workers

GONE = ["/nowhere/bin/python", "manage.py"]
"""The program of a release whose virtual environment was moved away."""


@pytest.fixture
def workers(folder: MetricsFolder) -> Iterator[Workers]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield Workers(listening, 2, GONE, selectors.DefaultSelector(), folder, 1.0)


def test_a_program_that_is_gone_refuses_the_reload(workers: Workers, caplog: pytest.LogCaptureFixture) -> None:
    reload = Reload(workers)
    reload.step()
    assert reload.is_over
    assert "reload refused: a new worker cannot be started: [Errno 2]" in caplog.text


def test_a_worker_that_cannot_be_started_is_tried_again_later_each_time(
    workers: Workers, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        workers.reap_and_restart()
        for slot in workers.slots:
            slot.restart_at = 0.0  # as if the time had come
    assert [slot.pause_seconds for slot in workers.slots] == [2.0, 2.0]
    assert caplog.text.count("cannot be started: [Errno 2]") == 6


def test_figures_that_cannot_be_written_end_nothing(workers: Workers, folder: MetricsFolder, caplog) -> None:
    shutil.rmtree(folder.path)
    with caplog.at_level(logging.WARNING):
        workers.count()
    assert "figures are not written" in caplog.text


def test_a_deleted_folder_is_made_again_for_the_next_worker(workers: Workers, folder: MetricsFolder) -> None:
    shutil.rmtree(folder.path)
    with pytest.raises(OSError, match="nowhere"):
        workers.start_all()
    assert folder.path.is_dir()


def test_the_folder_of_a_killed_supervisor_is_removed_by_the_next(folder: MetricsFolder) -> None:
    """The lock of a process goes with the process; here its file is closed instead."""
    killed = MetricsFolder()
    metrics_folder.os.close(killed._lock)
    MetricsFolder().remove()
    assert (killed.path.exists(), folder.path.exists()) == (False, True)
