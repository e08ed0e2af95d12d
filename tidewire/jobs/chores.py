"""Chores: what must be done again and again so that no table grows for ever.

    @chore("sessions")
    def prune_sessions(using: str) -> int: ...

A chore deletes what is old, in small transactions, and returns how many rows. Every process looks for chores that are
due; the row of a chore in the table has one due time for all of them, and the process that moves it on does the chore.
So each is done once in a period, however many processes there are, however often they restart, and a process that is
killed in the middle leaves the rest to the next time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, QuerySet
from django.utils import timezone

from tidewire.ground import metrics

logger = logging.getLogger(__name__)

Prune = Callable[[str], int]
"""`(using)` deletes what is old in this database, in small transactions. Returns how many rows there were."""

_chores: dict[str, Prune] = {}


def chore(name: str) -> Callable[[Prune], Prune]:
    """Declares the function that does a chore. Used as a decorator, in an installed app."""

    def declare(prune: Prune) -> Prune:
        _chores[name] = prune
        return prune

    return declare


def names() -> list[str]:
    """Returns the declared chores."""
    return sorted(_chores)


def run_due(seconds: float, using: str = DEFAULT_DB_ALIAS) -> dict[str, int]:
    """Does the chores that are due, which are due again in `seconds`. Returns {chore: rows that it deleted}.

    A chore that raises is logged, and is tried again when it is due next.
    """
    now, done, period = timezone.now(), {}, timedelta(seconds=seconds)
    for row in _rows(using).filter(name__in=_chores).order_by("due_at"):
        # A due time two periods away was written under a longer period, or by a clock that was put back since.
        if now < row.due_at <= now + 2 * period:
            continue
        if _rows(using).filter(pk=row.pk, due_at=row.due_at).update(due_at=now + period):
            try:
                done[row.name] = run(row.name, using)
            except Exception:
                metrics.chore_failures.labels(row.name).inc()
                logger.exception("the chore %s failed, and will be tried again", row.name)
    return done


def run(name: str, using: str = DEFAULT_DB_ALIAS) -> int:
    """Does one chore now, and stores that it was done. Returns how many rows it deleted."""
    began = time.monotonic()
    deleted = _chores[name](using)
    metrics.chore_seconds.labels(name).observe(time.monotonic() - began)
    _rows(using).filter(pk=name).update(done_at=timezone.now(), deleted=F("deleted") + deleted)
    return deleted


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


def _rows(using: str) -> QuerySet[Any]:
    return _table()._base_manager.using(using)


def _table() -> Any:
    """The model: looked up, because the public names are imported before models are loaded."""
    return apps.get_model("tidewire", "Chore")
