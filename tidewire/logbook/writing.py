"""Writes batches of states to the logbook, and deletes what is old. Synchronous: runs in a database thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from tidewire.ground.conf import conf
from tidewire.ground.connection_states import ConnectionState, ProcessState
from tidewire.logbook.tables import LoggedConnection, LoggedProcess

BATCH = 500
"""States that one statement writes."""
MAX_PER_USER = 200
"""Ended connections of one user that are kept: a client that comes back every second must not fill the table."""
DELETED_AT_ONCE = 1_000


def write(process: ProcessState, states: Sequence[ConnectionState], using: str) -> None:
    """Writes a process and some of its connections, in a statement each; on SQLite in several of 76 rows."""
    now = timezone.now()
    row = LoggedProcess(
        id=process.id,
        host=process.host[:100],
        pid=process.pid,
        started_at=_time(process.started_at),
        seen_at=now,
        ended_at=_time(process.ended_at),
        connections=process.connections,
        is_deaf=process.is_deaf,
        poll_age=process.poll_age,
        dropped=process.dropped,
    )
    _upsert([row], using)
    _upsert([_connection(process.id, state, now) for state in states], using)


def _connection(process: str, state: ConnectionState, now: datetime) -> LoggedConnection:
    return LoggedConnection(
        id=state.id,
        process=process,
        user=state.user_id,
        session=state.session_id[:64],
        address=state.address[:64],
        device=state.device[:300],
        door=state.door,
        opened_at=_time(state.opened_at),
        seen_at=now,
        ended_at=_time(state.ended_at),
        code=state.code,
        unread=state.unread,
        streams=[seen.as_row() for seen in state.streams],
    )


def _upsert(rows: list[Any], using: str) -> None:
    if rows:
        names = [field.name for field in type(rows[0])._meta.concrete_fields if not field.primary_key]
        manager = type(rows[0])._base_manager.using(using)
        manager.bulk_create(rows, update_conflicts=True, unique_fields=["id"], update_fields=names)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def prune(using: str, now: datetime | None = None) -> int:
    """Does what `prune_in_batches` does, without a pause. Returns how many rows were deleted."""
    return sum(prune_in_batches(using, now))


def prune_in_batches(using: str, now: datetime | None = None) -> Iterator[int]:
    """Deletes connections that ended before LOGBOOK_KEPT_SECONDS, or that their process never said the end of, all but
    the last MAX_PER_USER of a user, and processes without connections. Yields the rows of each small transaction."""
    before = (now or timezone.now()) - timedelta(seconds=conf.LOGBOOK_KEPT_SECONDS)
    gone = LoggedProcess.objects.using(using).filter(seen_at__lt=before)
    old = Q(ended_at__lt=before) | Q(ended_at=None, process__in=gone.values("id"))
    rows = LoggedConnection.objects.using(using)
    yield from _delete(rows.filter(old))
    place = Window(RowNumber(), partition_by=F("user"), order_by=F("ended_at").desc())
    ended = rows.exclude(ended_at=None).annotate(place=place)
    yield from _delete(ended.filter(place__gt=MAX_PER_USER))
    yield gone.delete()[0]


def forget(user_id: str, using: str, most: int | None = None) -> int:
    """Deletes what the logbook holds of a user, at most `most` rows. Returns how many."""
    rows = LoggedConnection.objects.using(using).filter(user=user_id)
    keys = list(rows.values_list("pk", flat=True)[:most])
    return LoggedConnection.objects.using(using).filter(pk__in=keys).delete()[0]


def logged_users(using: str) -> Iterator[list[str]]:
    """Yields the users whom the logbook names, some at a time."""
    last = ""
    while True:
        rows = LoggedConnection.objects.using(using).filter(user__gt=last).order_by("user")
        users = list(rows.values_list("user", flat=True).distinct()[:DELETED_AT_ONCE])
        if not users:
            return
        yield users
        last = users[-1]


def _delete(rows: Any) -> Iterator[int]:
    while keys := list(rows.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        yield rows.model.objects.using(rows.db).filter(pk__in=keys).delete()[0]
