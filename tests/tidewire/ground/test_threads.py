"""Threads that live long: bounded, last used first, each with a connection that it keeps."""

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


def done(pool: Threads, job=lambda: None):
    """What a job returned."""
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


def test_a_job_that_fails_takes_no_thread_along(pool, caplog):
    def fail() -> None:
        raise LookupError("on purpose")

    for _ in range(4):
        done(pool, fail)
    assert done(pool, lambda: "still there") == "still there"
    assert caplog.text.count("on purpose") >= 1


def test_a_job_runs_in_the_context_of_whoever_asked_and_leaves_nothing_behind(pool):
    name: ContextVar[str] = ContextVar("name", default="nobody")
    token = name.set("alice")
    assert done(pool, lambda: (name.get(), name.set("bob"))[0]) == "alice"
    name.reset(token)
    assert done(pool, name.get) == "nobody"


def test_a_thread_that_idles_ends(pool, monkeypatch):
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.01)
    thread = done(pool, threading.current_thread)
    thread.join(WAIT_SECONDS)
    assert not thread.is_alive()
    assert done(pool, threading.current_thread) is not thread


def test_after_its_end_nothing_is_taken(pool):
    thread = done(pool, threading.current_thread)
    pool.close()
    thread.join(WAIT_SECONDS)
    with pytest.raises(RuntimeError):
        pool.run(lambda: None)


@pytest.mark.django_db(transaction=True)
def test_a_connection_is_kept_from_job_to_job():
    pool = Threads(1, "test")  # of two, the second may be started while the first has not said that it idles

    def job() -> int:
        close_old_connections()
        begin_job()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        close_old_connections()
        return id(connections["default"].connection)

    assert len({done(pool, job) for _ in range(5)}) == 1
    pool.close()


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_has_ended_is_replaced(pool):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite is a file")

    def job() -> int:
        close_old_connections()
        begin_job()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return cursor.fetchone()[0]

    first = done(pool, job)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    assert done(pool, job) != first
