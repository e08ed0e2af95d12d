"""Jobs: what a transaction leaves for later is done in slices, each in a transaction of its own.

    @job("announce_name")
    def announce_name(user_id: str, progress: str, using: str) -> str | None: ...

    start_job("announce_name", user.pk)     # in the transaction that makes the work necessary

A slice runs under the lock of the job's row, and commits the new progress with its work. So only one process works on a
job at a time, a process that is killed loses one slice at most and holds nothing, and a slice is never done twice. On
PostgreSQL other processes skip a locked job; SQLite has one writer at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from tidewire.ground.actors import SYSTEM, acting_as

logger = logging.getLogger(__name__)

Slice = Callable[[str, str, str], str | None]
"""`(subject, progress, using)` does the next slice, in the open transaction. Returns the next progress, or None when
nothing is left to do. The first progress is "". It may find that its subject is gone."""

RETRY_SECONDS = 5.0
"""How long a job whose slice failed waits; twice as long after each further failure, up to MAX_RETRY_SECONDS."""
MAX_RETRY_SECONDS = 600.0

_slices: dict[str, Slice] = {}


def job(kind: str) -> Callable[[Slice], Slice]:
    """Declares the function that does the slices of one kind of job. Used as a decorator, in an installed app."""

    def declare(work: Slice) -> Slice:
        _slices[kind] = work
        return work

    return declare


def start_job(kind: str, subject: object, using: str = DEFAULT_DB_ALIAS) -> None:
    """Leaves a job to do once the surrounding transaction commits. One that is pending begins anew.

    Waits for a slice of the same job that another process is doing: call it late in the transaction.
    """
    now = timezone.now()
    row = _table()(kind=kind, subject=str(subject), created_at=now, due_at=now)
    fields = ["progress", "due_at", "failures"]
    _jobs(using).bulk_create([row], update_conflicts=True, unique_fields=["kind", "subject"], update_fields=fields)


def pending(using: str = DEFAULT_DB_ALIAS) -> dict[str, int]:
    """Returns how many jobs of each declared kind are left."""
    rows = _jobs(using).filter(kind__in=_slices).values_list("kind").annotate(count=Count("pk"))
    return dict.fromkeys(_slices, 0) | dict(rows)


def is_pending(kind: str, subject: object, using: str = DEFAULT_DB_ALIAS) -> bool:
    """Returns whether this job is not done yet."""
    return _jobs(using).filter(kind=kind, subject=str(subject)).exists()


def run_slice(using: str = DEFAULT_DB_ALIAS) -> bool:
    """Does one slice of the job that has waited longest, with the system as the actor. Returns whether there was one.

    A slice that raises is rolled back, logged, and tried again later; other jobs go on meanwhile.
    """
    found: Any = None
    try:
        with transaction.atomic(using=using), acting_as(SYSTEM):
            found = _claimed(using)
            if found is not None:
                _run(found, using)
    except Exception:
        if found is None:
            raise
        logger.exception("a slice of the job %s failed, and will be tried again", found)
        _put_off(found, using)
    return found is not None


def run_all(using: str = DEFAULT_DB_ALIAS) -> int:
    """Does slices until no job is due. Returns how many."""
    slices = 0
    while run_slice(using):
        slices += 1
    return slices


def _claimed(using: str) -> Any:
    """Locks the due job that has waited longest, of those that no other process has locked."""
    due = _jobs(using).filter(kind__in=_slices, due_at__lte=timezone.now()).order_by("due_at", "pk")
    can_skip = connections[using].features.has_select_for_update_skip_locked
    return (due.select_for_update(skip_locked=True) if can_skip else due).first()


def _run(found: Any, using: str) -> None:
    progress = _slices[found.kind](found.subject, found.progress, using)
    mine = _jobs(using).filter(pk=found.pk)
    if progress is None:
        mine.delete()
    else:
        mine.update(progress=progress, failures=0, due_at=timezone.now())


def _put_off(found: Any, using: str) -> None:
    seconds = min(RETRY_SECONDS * 2**found.failures, MAX_RETRY_SECONDS)
    due_at = timezone.now() + timedelta(seconds=seconds)
    _jobs(using).filter(pk=found.pk).update(failures=found.failures + 1, due_at=due_at)


def _jobs(using: str) -> QuerySet[Any]:
    return _table()._base_manager.using(using)


def _table() -> Any:
    """The model: looked up, because the public names are imported before models are loaded."""
    return apps.get_model("tidewire", "Job")
