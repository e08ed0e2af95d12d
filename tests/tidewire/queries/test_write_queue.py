"""Writers to SQLite have their turns in the order in which they came, and other processes have theirs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction

from tidewire.queries import write_queue
from tidewire.queries.write_queue import WriteQueue, in_turn
from tidewire.transactions.writes import write_transaction

only_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL locks rows")


def wait_for_queue(queue: WriteQueue, length: int) -> None:
    deadline = time.monotonic() + 10
    while len(queue._waiting) < length:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_turns_come_in_order():
    queue, order = WriteQueue(), []
    assert queue.acquire(1)

    def write(number: int) -> None:
        assert queue.acquire(10)
        order.append(number)
        queue.release()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for number, thread in enumerate(threads):
        thread.start()
        wait_for_queue(queue, number + 1)
    queue.release()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_a_turn_that_does_not_come_is_given_up_and_does_not_block_others():
    queue = WriteQueue()
    assert queue.acquire(1)
    assert not queue.acquire(0.01)
    queue.release()
    assert queue.acquire(0)
    queue.release()


def test_one_at_a_time():
    queue, inside, most = WriteQueue(), [], []

    def write() -> None:
        for _ in range(50):
            assert queue.acquire(10)
            inside.append(1)
            most.append(len(inside))
            inside.pop()
            queue.release()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1


@pytest.fixture
def queue() -> Iterator[WriteQueue]:
    """The queue of the test's database."""
    name = str(connection.settings_dict["NAME"])
    yield write_queue._queue_of(name)
    write_queue._queues.pop(name, None)


@only_sqlite
@pytest.mark.django_db(transaction=True)
def test_a_writer_waits_no_longer_than_sqlite_would(queue, monkeypatch):
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "timeout", 0.02)
    assert queue.acquire(1)
    with pytest.raises(OperationalError, match="database is locked"), write_transaction():
        pass
    queue.release()
    with write_transaction():
        assert not queue.acquire(0)
        with write_transaction():  # inside a transaction there is nothing to wait for
            pass
    assert queue.acquire(0)
    queue.release()


@only_sqlite
@pytest.mark.django_db(transaction=True)
def test_an_error_gives_the_turn_back(queue):
    with pytest.raises(ZeroDivisionError), write_transaction():
        raise ZeroDivisionError
    assert queue.acquire(0)
    queue.release()


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_and_elsewhere_it_does_nothing():
    with transaction.atomic(), in_turn(connection):
        pass


OTHER_PROCESS = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
began = time.monotonic()
connection.execute("BEGIN IMMEDIATE")
connection.execute("COMMIT")
print(time.monotonic() - began)
"""


def test_another_process_gets_its_turn_beside_a_queue(tmp_path: Path):
    """Eight threads that write without a pause of their own hold the lock nearly all the time."""
    import sqlite3

    path, queue, stop = tmp_path / "database", WriteQueue(), threading.Event()
    sqlite3.connect(path).execute("CREATE TABLE t (n)").connection.close()

    def write() -> None:
        own = sqlite3.connect(path, timeout=30, isolation_level=None)
        while not stop.is_set():
            assert queue.acquire(30)
            own.execute("BEGIN IMMEDIATE")
            time.sleep(0.002)
            own.execute("COMMIT")
            queue.release()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            command = [sys.executable, "-c", OTHER_PROCESS, str(path)]
            waited = subprocess.run(command, capture_output=True, text=True, timeout=40, check=True).stdout
            assert float(waited) < 10
    finally:
        stop.set()
        for thread in threads:
            thread.join()
