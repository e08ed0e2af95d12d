"""Long-lived threads: bounded, the last used first, each with a database connection that it keeps."""

import threading
from contextvars import ContextVar

import pytest
from django.db import close_old_connections, connection, connections

from tidewire.ground import threads
from tidewire.ground.threads import Threads, begin_job

WAIT_SECONDS = 30


@pytest.fixture
def pool():
    pool = Threads(2, "test")
    yield pool
    pool.close()


def run(pool: Threads, job=lambda: None):
    """Runs a job and returns its result."""
    results, is_done = [], threading.Event()

    def work() -> None:
        try:
            results.append(job())
        finally:
            is_done.set()

    pool.run(work)
    assert is_done.wait(WAIT_SECONDS)
    return results[0] if results else None


def test_at_most_so_many_run_at_once_and_the_others_wait(pool):
    gate, running, finished = threading.Event(), threading.Semaphore(0), threading.Semaphore(0)

    def job() -> None:
        running.release()
        gate.wait(WAIT_SECONDS)
        finished.release()

    for _ in range(5):
        pool.run(job)
    assert running.acquire(timeout=WAIT_SECONDS)
    assert running.acquire(timeout=WAIT_SECONDS)
    assert not running.acquire(timeout=0.05)
    gate.set()
    for _ in range(5):
        assert finished.acquire(timeout=WAIT_SECONDS)


def test_a_job_that_fails_ends_no_thread(pool, caplog):
    def fail() -> None:
        raise LookupError("on purpose")

    for _ in range(4):
        run(pool, fail)
    assert run(pool, lambda: "still there") == "still there"
    assert caplog.text.count("on purpose") >= 1


def test_a_job_runs_in_a_copy_of_the_callers_context(pool):
    name: ContextVar[str] = ContextVar("name", default="nobody")
    token = name.set("alice")
    assert run(pool, lambda: (name.get(), name.set("bob"))[0]) == "alice"
    name.reset(token)
    assert run(pool, name.get) == "nobody"


def test_an_idle_thread_ends(pool, monkeypatch):
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.01)
    thread = run(pool, threading.current_thread)
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    assert run(pool, threading.current_thread) is not thread


def test_closed_threads_accept_no_job(pool):
    thread = run(pool, threading.current_thread)
    pool.close()
    thread.join(WAIT_SECONDS)
    with pytest.raises(RuntimeError):
        pool.run(lambda: None)


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_kept_from_job_to_job():
    pool = Threads(1, "test")  # a second thread could start before the first is idle

    def job() -> int:
        close_old_connections()
        begin_job()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        close_old_connections()
        return id(connections["default"].connection)

    assert len({run(pool, job) for _ in range(5)}) == 1
    pool.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_closed_is_replaced(pool):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is a file")

    def job() -> int:
        close_old_connections()
        begin_job()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    first = run(pool, job)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert run(pool, job) != first
