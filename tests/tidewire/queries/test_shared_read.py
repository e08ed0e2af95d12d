"""Callers that wait for the same thing share one read. None gets the answer of a read that began before it asked."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from threading import Event
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, transaction

from tests.tidewire.threads import WAIT_SECONDS, Writer
from tidewire.queries.shared_read import SharedRead


class Source:
    """What is read: its n-th read returns n, once it is let through."""

    def __init__(self) -> None:
        self.shared = SharedRead[int]()
        self.begun, self.may_end = 0, Event()
        self.answers: dict[str, int | str] = {}

    def read(self) -> int:
        self.begun += 1
        number = self.begun
        assert self.may_end.wait(WAIT_SECONDS)
        return number

    def ask(self, name: str, read: Callable[[], int] | None = None) -> Writer:
        def work() -> None:
            try:
                self.answers[name] = self.shared.get("key", DEFAULT_DB_ALIAS, read or self.read)
            except ZeroDivisionError:
                self.answers[name] = "error"

        return Writer(work)


def until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def waiting(futures: dict[Any, Future[int]]) -> int:
    return sum(len(future._condition._waiters) for future in futures.values())


@pytest.mark.parametrize("second", [None, lambda: 1 // 0])
def test_those_who_come_during_a_read_share_the_next_one(second):
    source = Source()
    first = source.ask("first")
    until(lambda: source.begun == 1)
    others = [source.ask("reader", second)]
    until(lambda: waiting(source.shared._running) == 1)
    others += [source.ask(name) for name in "abc"]
    until(lambda: waiting(source.shared._next) == 3)
    source.may_end.set()
    for each in (first, *others):
        each.finish()
    shared = "error" if second else 2
    assert source.answers == {"first": 1, **dict.fromkeys(["reader", *"abc"], shared)}
    assert source.shared.get("key", DEFAULT_DB_ALIAS, source.read) == (2 if second else 3)
    assert not source.shared._running
    assert not source.shared._next


def test_other_keys_are_read_at_the_same_time():
    source = Source()
    first = source.ask("first")
    until(lambda: source.begun == 1)
    assert source.shared.get("other", DEFAULT_DB_ALIAS, lambda: 7) == 7
    source.may_end.set()
    first.finish()


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_nothing_is_shared():
    source = Source()
    first = source.ask("first")
    until(lambda: source.begun == 1)
    with transaction.atomic():
        assert source.shared.get("key", DEFAULT_DB_ALIAS, lambda: 7) == 7
    source.may_end.set()
    first.finish()
