"""Chores: what must be done again and again so that no table grows for ever.

    @chore("sessions")
    def prune_sessions(using: str) -> Iterator[int]: ...

A chore deletes what is old, in small transactions, and yields the rows of each. Every process looks for chores that are
due; the row of a chore in the table has one due time for all of them, and the process that moves it on does the chore.
So each is done once in a period, however many processes there are, however often they restart, and a process that is
killed in the middle leaves the rest to the next time.

Chores may take PRUNE_SHARE of the time: after each transaction the process waits, and leaves the database to writers.
So a chore can take hours. The process that does it moves the due time on once a minute, stores how many rows it has
deleted, and chores that are due at the same time take turns, a transaction each. One that is done only after several
periods is too slow for what is written: it looks late (`tidewire_chore_age_seconds`) while its deleted rows grow.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, close_old_connections
from django.db.models import F, QuerySet
from django.utils import timezone

from tidewire.ground import metrics

logger = logging.getLogger(__name__)

Prune = Callable[[str], "int | Iterator[int]"]
"""`(using)` deletes what is old in this database. Yields how many rows each of its small transactions deleted; or
returns how many there were, when they are always few."""

P = TypeVar("P", bound=Prune)

LOOK_SECONDS = 60.0
"""How often a process that does chores looks for others that are due, and confirms that it still does these."""

_chores: dict[str, Prune] = {}


def chore(name: str) -> Callable[[P], P]:
    """Declares the function that does a chore. Used as a decorator, in an installed app."""

    def declare(prune: P) -> P:
        _chores[name] = prune
        return prune

    return declare


def names() -> list[str]:
    """Returns the declared chores."""
    return sorted(_chores)


def run(name: str, using: str = DEFAULT_DB_ALIAS, share: float = 1.0) -> int:
    """Does one chore now, in this share of the time, and stores that it was done. Returns how many rows it deleted."""
    work = _Work(name, using, timezone.now())
    while work.step():
        time.sleep(work.pause(share))
    work.finish()
    return work.deleted


def run_due(
    seconds: float, using: str = DEFAULT_DB_ALIAS, share: float = 1.0, stop: threading.Event | None = None
) -> dict[str, int]:
    """Does the chores that are due, which are due again in `seconds`, in this share of the time, all of them together.
    Returns {chore: rows that it deleted}.

    A chore that raises is logged, and is tried again when it is due next. When `stop` is set the rest is due at once,
    for another process.
    """
    stop = stop or threading.Event()
    under_way: dict[str, _Work] = {}
    done: dict[str, int] = {}
    looked_at = -LOOK_SECONDS
    while not stop.is_set():
        if time.monotonic() - looked_at >= LOOK_SECONDS:
            looked_at = time.monotonic()
            under_way = {name: work for name, work in under_way.items() if work.keep(seconds)}
            under_way |= {work.name: work for work in _claim(seconds, using) if work.name not in done}
        if not under_way:
            return done
        for name, work in list(under_way.items()):
            if _step(work):
                stop.wait(work.pause(share))
            else:
                del under_way[name]
                if not work.has_failed:
                    done[name] = work.deleted
    for work in under_way.values():
        work.leave()
    return done


def look(using: str = DEFAULT_DB_ALIAS) -> None:
    """Adds the chores that were declared since the table was made, and sets the gauges, as every process does."""
    known = {row.name: row for row in _rows(using)}
    now = timezone.now()
    new = [_table()(name=name, due_at=now, done_at=now) for name in _chores.keys() - known.keys()]
    if new:
        _rows(using).bulk_create(new, ignore_conflicts=True)
    for row in [*known.values(), *new]:
        metrics.chore_age.labels(row.name).set(max(0.0, (now - row.done_at).total_seconds()))
        metrics.chore_deleted.labels(row.name).set(row.deleted)


def _claim(seconds: float, using: str) -> list[_Work]:
    """Returns the chores that are due, after their due time was moved on by this process and no other."""
    now, period, claimed = timezone.now(), timedelta(seconds=seconds), []
    for row in _rows(using).filter(name__in=_chores).order_by("due_at"):
        # A due time two periods away was written under a longer period, or by a clock that was put back since.
        if now < row.due_at <= now + 2 * period:
            continue
        if _rows(using).filter(pk=row.pk, due_at=row.due_at).update(due_at=now + period):
            claimed.append(_Work(row.name, using, now + period))
    return claimed


def _step(work: _Work) -> bool:
    """Does one transaction of a chore. Returns whether there may be more; logs an error."""
    try:
        if work.step():
            return True
        work.finish()
    except Exception:
        work.has_failed = True
        metrics.chore_failures.labels(work.name).inc()
        logger.exception("the chore %s failed, and will be tried again", work.name)
        close_old_connections()  # the other chores go on, on a new connection if this one was lost
    return False


class _Work:
    """One chore that is being done by this process, which is due again at `due_at`."""

    def __init__(self, name: str, using: str, due_at: datetime) -> None:
        self.name, self._using, self._due_at = name, using, due_at
        self.deleted, self._stored, self.has_failed = 0, 0, False
        self._batches = _batches(name, using)
        self._seconds = self._all_seconds = 0.0

    def step(self) -> bool:
        """Does the next transaction. Returns False when there was none."""
        began = time.monotonic()
        rows = next(self._batches, None)
        self._seconds = time.monotonic() - began
        self._all_seconds += self._seconds
        self.deleted += rows or 0
        return rows is not None

    def pause(self, share: float) -> float:
        """Returns how long to wait, in seconds, so that the transaction before takes this share of the time."""
        return self._seconds * (1 / min(share, 1.0) - 1)

    def keep(self, seconds: float) -> bool:
        """Moves the due time on. Returns False when another process has, which then does the chore."""
        due_at = timezone.now() + timedelta(seconds=seconds)
        mine = _rows(self._using).filter(pk=self.name, due_at=self._due_at)
        self._due_at = due_at
        return self._store(mine, due_at=due_at)

    def finish(self) -> None:
        """Stores that the chore was done."""
        metrics.chore_seconds.labels(self.name).observe(self._all_seconds)
        self._store(_rows(self._using).filter(pk=self.name), done_at=timezone.now())

    def leave(self) -> None:
        """Lets another process go on at once."""
        mine = _rows(self._using).filter(pk=self.name, due_at=self._due_at)
        self._store(mine, due_at=timezone.now())

    def _store(self, row: QuerySet[Any], **times: datetime) -> bool:
        """Stores these times, and the rows that were deleted since the last call. Returns whether the row is there."""
        new, self._stored = self.deleted - self._stored, self.deleted
        return bool(row.update(deleted=F("deleted") + new, **times))


def _batches(name: str, using: str) -> Iterator[int]:
    """Yields the rows of each transaction of a chore, which begins when the first is asked for."""
    rows = _chores[name](using)
    if isinstance(rows, int):
        yield rows
    else:
        yield from rows


def _rows(using: str) -> QuerySet[Any]:
    return _table()._base_manager.using(using)


def _table() -> Any:
    """The model: looked up, because the public names are imported before models are loaded."""
    return apps.get_model("tidewire", "Chore")
