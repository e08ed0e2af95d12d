"""Reads the logbook: the connections of all processes, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from tidewire.ground.conf import conf
from tidewire.ground.connection_states import StreamSeen
from tidewire.logbook.tables import LoggedConnection, LoggedProcess

HEARTBEAT_SECONDS = 15.0
"""A process writes at least so often, also when nothing has changed."""


def silent_seconds() -> float:
    """Returns after how many seconds without a word a process counts as gone."""
    return 3 * max(HEARTBEAT_SECONDS, conf.LOGBOOK_SECONDS)


def running(using: str, now: datetime | None = None) -> QuerySet[LoggedProcess]:
    """Returns the processes that serve now."""
    since = (now or timezone.now()) - timedelta(seconds=silent_seconds())
    return LoggedProcess.objects.using(using).filter(ended_at=None, seen_at__gte=since).order_by("started_at")


def open_connections(using: str, user_id: str | None = None) -> QuerySet[LoggedConnection]:
    """Returns the open connections of all running processes, or those of one user, oldest first."""
    rows = LoggedConnection.objects.using(using).filter(ended_at=None, process__in=running(using).values("id"))
    return (rows if user_id is None else rows.filter(user=user_id)).order_by("opened_at")


def connections_of(user_id: str, using: str) -> list[LoggedConnection]:
    """Returns what is kept of a user's connections, oldest first."""
    return list(LoggedConnection.objects.using(using).filter(user=user_id).order_by("opened_at"))


@dataclass(frozen=True, slots=True)
class Life:
    """From when to when a connection is known to have lived. `ended_at` is None while it lasts; `was_lost` says that
    its process ended without a word, at about that time."""

    began_at: datetime
    ended_at: datetime | None
    was_lost: bool = False

    def covers(self, at: datetime) -> bool:
        return self.began_at <= at and (self.ended_at is None or at <= self.ended_at)


def life_of(row: LoggedConnection, processes: dict[str, LoggedProcess], now: datetime) -> Life:
    if row.ended_at is not None:
        return Life(row.opened_at, row.ended_at)
    process = processes.get(row.process)
    seen_at = process.seen_at if process is not None else row.seen_at
    if process is not None and process.ended_at is None and now - seen_at < timedelta(seconds=silent_seconds()):
        return Life(row.opened_at, None)
    return Life(row.opened_at, seen_at, was_lost=True)


def subscriptions_of(row: LoggedConnection, stream: str) -> list[StreamSeen]:
    """Returns the subscriptions of a connection to one stream, in their order."""
    found = [StreamSeen.of_row(seen) for seen in row.streams if seen[0] == stream]
    return sorted(found, key=lambda seen: seen.since)


def time_of(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
