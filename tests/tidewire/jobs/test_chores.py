"""Chores: each is done once in a period, however many processes look."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from prometheus_client import REGISTRY

from tidewire.jobs import chores
from tidewire.log.tables import NextRelease
from tidewire.models import Chore

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = 3600.0


class Work:
    """A chore that counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0
        self.lock = threading.Lock()

    def __call__(self, using: str) -> int:
        with self.lock:
            self.done += 1
        return 3


@pytest.fixture
def work(monkeypatch) -> Iterator[Work]:
    work = Work()
    monkeypatch.setattr(chores, "_chores", {"work": work})
    chores.look()
    yield work
    Chore.objects.all().delete()


def later(seconds: float) -> None:
    """Lets time pass for the chores."""
    for row in Chore.objects.all():
        shift = timedelta(seconds=seconds)
        Chore.objects.filter(pk=row.pk).update(due_at=row.due_at - shift, done_at=row.done_at - shift)


def value(name: str, chore: str = "work") -> Any:
    return REGISTRY.get_sample_value(f"tidewire_{name}", {"chore": chore})


def test_a_new_chore_is_due_at_once_and_then_once_in_a_period(work):
    assert chores.run_due(HOUR) == {"work": 3}
    assert chores.run_due(HOUR) == {}
    later(HOUR - 10)
    assert chores.run_due(HOUR) == {}
    later(10)
    assert chores.run_due(HOUR) == {"work": 3}
    assert work.done == 2
    assert Chore.objects.get().deleted == 6


def test_of_many_processes_one_does_it(work):
    barrier = threading.Barrier(6)

    def look(number: int) -> dict[str, int]:
        try:
            barrier.wait(10)
            return chores.run_due(HOUR)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(look, range(6)))
    assert sorted(map(len, done)) == [0, 0, 0, 0, 0, 1]
    assert work.done == 1


def test_a_shorter_period_holds_at_once(work):
    """The due time was written under a longer one, or by a clock that was an hour ahead."""
    chores.run_due(24 * HOUR)
    assert chores.run_due(HOUR) == {"work": 3}


def test_a_chore_that_fails_is_tried_again_and_keeps_no_other_waiting(work, monkeypatch, caplog):
    def fail(using: str) -> int:
        raise ValueError("broken")

    before = value("chore_failures_total", "broken") or 0.0
    monkeypatch.setattr(chores, "_chores", {"broken": fail, "work": work})
    chores.look()
    with caplog.at_level(logging.ERROR, logger=chores.__name__):
        assert chores.run_due(HOUR) == {"work": 3}
    assert "the chore broken failed" in caplog.text
    assert value("chore_failures_total", "broken") == before + 1
    later(HOUR)
    assert chores.run_due(HOUR) == {"work": 3}
    assert value("chore_failures_total", "broken") == before + 2


@pytest.mark.shown_on("postgresql")
def test_a_chore_that_loses_the_database_keeps_no_other_waiting(work, monkeypatch):
    def lose(using: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return 0

    monkeypatch.setattr(chores, "_chores", {"lost": lose, "work": work})
    chores.look()
    assert chores.run_due(HOUR) == {"work": 3}


def test_every_process_shows_when_it_was_done(work):
    chores.run_due(HOUR)
    later(600)
    chores.look()
    assert 600 <= value("chore_age_seconds") < 700
    assert value("chore_deleted_rows") == 3


class Clock:
    """The time of chores.py: it passes while a transaction works, and while the process waits."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(round(seconds, 6))


class Stop(threading.Event):
    """Waits by that clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.sleep(timeout or 0.0)
        return self.is_set()


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock, start = Clock(), timezone.now()
    monkeypatch.setattr(chores, "time", clock)
    monkeypatch.setattr(chores, "timezone", SimpleNamespace(now=lambda: start + timedelta(seconds=clock.now)))
    return clock


@pytest.fixture
def declare(monkeypatch):
    """Declares these chores, and no others."""

    def declare(**works):
        monkeypatch.setattr(chores, "_chores", works)
        chores.look()

    yield declare
    Chore.objects.all().delete()


def test_between_two_transactions_a_chore_leaves_the_time_to_writers(clock, declare):
    def work(using: str) -> Iterator[int]:
        for seconds in (0.01, 0.02, 0.01):
            clock.now += seconds
            yield 5

    declare(work=work)
    assert chores.run("work", share=0.05) == 15
    assert clock.pauses == [0.19, 0.38, 0.19]
    assert chores.run("work") == 15
    assert clock.pauses[3:] == [0.0, 0.0, 0.0]


def test_chores_that_are_due_take_turns(clock, declare):
    order = []

    def work(name: str, count: int) -> Iterator[int]:
        for _ in range(count):
            clock.now += 0.01
            order.append(name)
            yield 1

    declare(long=lambda using: work("long", 3), short=lambda using: work("short", 1))
    done = chores.run_due(HOUR, share=0.1, stop=Stop(clock))
    assert done == {"long": 3, "short": 1}
    assert sorted(order[:2]) == ["long", "short"]
    assert clock.pauses == [0.09] * 4  # all of them together have a tenth of the time


def test_a_chore_that_takes_longer_than_its_period_is_done_by_one_process(clock, declare):
    seen = []

    def work(using: str) -> Iterator[int]:
        for _ in range(4):
            clock.now += 600
            seen.append(chores.run_due(900))  # another process looks
            yield 1

    declare(work=work)
    assert chores.run_due(900) == {"work": 4}
    assert seen == [{}] * 4


def test_a_chore_that_writers_outrun_looks_late_and_shows_that_it_works(clock, declare):
    """It is under way for hours: its age grows, and so does what it has deleted. One that fails deletes nothing."""
    seen = []

    def work(using: str) -> Iterator[int]:
        for _ in range(4):
            clock.now += HOUR
            chores.look()
            seen.append((value("chore_age_seconds"), value("chore_deleted_rows")))
            yield 100

    declare(work=work)
    assert chores.run_due(HOUR) == {"work": 400}
    assert seen == [(HOUR, 0), (2 * HOUR, 100), (3 * HOUR, 200), (4 * HOUR, 300)]
    assert Chore.objects.get().deleted == 400
    chores.look()
    assert value("chore_age_seconds") == 0


def test_a_process_whose_chore_another_has_taken_leaves_it(clock, declare):
    def work(using: str) -> Iterator[int]:
        yield 1
        clock.now += chores.LOOK_SECONDS
        Chore.objects.update(due_at=timezone.now() + timedelta(hours=2))  # while this process stood still
        yield 1
        raise AssertionError("it goes on")

    declare(work=work)
    assert chores.run_due(HOUR) == {}


def test_what_a_process_that_ends_leaves_is_due_at_once(clock, declare):
    stop, left = Stop(clock), [1, 1, 1]

    def work(using: str) -> Iterator[int]:
        while left:
            yield left.pop()
            stop.set()

    declare(work=work)
    assert chores.run_due(HOUR, stop=stop) == {}
    assert len(left) == 1
    assert Chore.objects.get().deleted == 2
    assert chores.run_due(HOUR) == {"work": 1}
    assert Chore.objects.get().deleted == 3


def test_a_chore_of_another_release_is_left_alone(work, monkeypatch):
    monkeypatch.setattr(chores, "_chores", {})
    assert chores.run_due(HOUR) == {}
    assert Chore.objects.get().name == "work"


def test_the_command_does_all_at_once(capsys):
    chores.look()
    for _ in range(2):
        call_command("housekeeping")
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(":")[0] for line in lines] == chores.names()
        assert all(line.endswith("0 rows deleted") for line in lines)
    assert {"events", "answers", "releases", "sessions", "samples"} <= set(chores.names())
    Chore.objects.all().delete()


def test_old_due_times_of_releases_are_deleted():
    now = timezone.now()
    for age in (0, 2):
        NextRelease.objects.create(stream=f"dashboard:{age}", due_at=now - timedelta(days=age))
    chores.look()
    assert chores.run("releases") == 1
    assert [row.stream for row in NextRelease.objects.all()] == ["dashboard:0"]
