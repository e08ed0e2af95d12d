"""The engine's own chores. An application adds its own with `tidewire.chore`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from tidewire.jobs.chores import chore
from tidewire.log import retention
from tidewire.log.tables import NextRelease
from tidewire.logbook import writing
from tidewire.rest.answers import Answer

KEEP_RELEASES = timedelta(days=1)


@chore("events")
def prune_events(using: str) -> Iterator[int]:
    """Deletes events outside their retention window."""
    return retention.prune_in_batches(using)


@chore("answers")
def prune_answers(using: str) -> Iterator[int]:
    """Deletes the stored answers to requests that will not be sent again."""
    return Answer.objects.using(using).prune_in_batches()


@chore("releases")
def prune_releases(using: str) -> int:
    """Deletes the due times of streams without events for a day. A missing one counts as due."""
    return NextRelease.objects.using(using).filter(due_at__lt=timezone.now() - KEEP_RELEASES).delete()[0]


@chore("logbook")
def prune_logbook(using: str) -> Iterator[int]:
    """Deletes entries of the logbook that are too old, and those beyond the last ones of each user."""
    return writing.prune_in_batches(using)
