"""Which positions are due, and the worker that has them.

A worker takes a position for LEASE_SECONDS and renews that while its request is under way. What a worker that was
killed had is free again after that time. On PostgreSQL workers pass by rows that another is just taking (SKIP LOCKED);
SQLite has one writer at a time. All times are those of the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.db.models import Q
from django.utils.dateparse import parse_datetime

from tidewire.ground.conf import conf
from tidewire.log import commits
from tidewire.log.database import ago_sql, now_sql
from tidewire.log.tables import Stream
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookPosition

ENDPOINT_MESSAGES = 16
"""Messages of one endpoint that a worker sends at a time."""
DOWN_SECONDS = 10.0
"""After so many seconds without a success, one message at a time: a dead endpoint keeps no place from the others."""
CLAIMS = 64
"""Positions that are taken in one turn."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What shows that there may be work, at the price of one small query."""

    touched_at: Any = None
    is_requested: bool = False
    data_version: int = 0


def look(using: str, earlier: Signs) -> Signs:
    """Returns the present signs. On SQLite reads nothing unless another connection has committed since `earlier`, which
    is what this thread returned last."""
    connection = connections[using]
    data_version = 0
    if connection.vendor == "sqlite":
        data_version = commits.data_version(using)
        if data_version == earlier.data_version and not earlier.is_requested:
            return earlier
    with connection.cursor() as cursor:
        is_free = f"leased_until IS NULL OR leased_until < {now_sql(connection.vendor)}"
        cursor.execute(
            f"SELECT (SELECT max(touched_at) FROM {_name(Stream)}), EXISTS(SELECT 1 FROM {_name(WebhookDelivery)} "
            f"WHERE requested_at IS NOT NULL AND ({is_free}))",
            [],
        )
        touched_at, is_requested = cursor.fetchone()
    return Signs(touched_at, bool(is_requested), data_version)


def database_time(using: str) -> datetime:
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {now_sql(connection.vendor)}", [])
        return as_time(cursor.fetchone()[0])


def as_time(value: Any) -> datetime:
    """Returns a time of the database. SQLite's is a text."""
    found = parse_datetime(value) if isinstance(value, str) else value
    assert found is not None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def claim(worker: str, now: datetime, ids: Collection[int], using: str) -> list[WebhookPosition]:
    """Takes those of these positions that are due and free for this worker. Returns them changed, to be stored."""
    if not ids:
        return []
    rows = WebhookPosition.objects.using(using).filter(_is_free(now), pk__in=ids, due_at__lte=now, ended_at=None)
    if connections[using].features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, no_key=True)
    claimed = list(rows)
    for position in claimed:
        position.lease = worker
        position.leased_until = now + timedelta(seconds=conf.WEBHOOK_LEASE_SECONDS)
    return claimed


def _is_free(now: datetime) -> Q:
    return Q(leased_until=None) | Q(leased_until__lt=now)


_DUE = """SELECT id, endpoint_id, failing_since FROM (
    SELECT p.id, p.endpoint_id, p.due_at, e.failing_since,
        row_number() OVER (PARTITION BY p.endpoint_id ORDER BY p.due_at, p.id) AS place
    FROM {positions} p
    JOIN {streams} s ON s.id = p.stream_id
    JOIN {endpoints} e ON e.id = p.endpoint_id
    WHERE e.state = 'active' AND p.ended_at IS NULL AND p.due_at <= %s
        AND (p.leased_until IS NULL OR p.leased_until < %s)
        AND (s.head <> p."offset" OR s.epoch <> p.epoch) {touched}
) due WHERE place <= %s ORDER BY due_at, id LIMIT %s"""
_TOUCHED_SECONDS = 10.0


def due(now: datetime, busy: Mapping[UUID, int], using: str, *, only_touched: bool) -> list[int]:
    """Returns positions that are due, the longest first, with no endpoint above its share: `busy` says how many
    messages of each endpoint are being sent. With `only_touched` looks at streams that were written to lately."""
    connection = connections[using]
    touched = f"AND s.touched_at > {ago_sql(connection.vendor)}" if only_touched else ""
    statement = _DUE.format(
        positions=_name(WebhookPosition), streams=_name(Stream), endpoints=_name(WebhookEndpoint), touched=touched
    )
    at = connection.ops.adapt_datetimefield_value(now)
    parameters = [at, at, *([_TOUCHED_SECONDS] if only_touched else []), ENDPOINT_MESSAGES, CLAIMS * 4]
    taken, ids = dict(busy), []
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        for id, endpoint, failing_since in cursor.fetchall():
            endpoint = endpoint if isinstance(endpoint, UUID) else UUID(endpoint)
            is_down = failing_since is not None and (now - as_time(failing_since)).total_seconds() > DOWN_SECONDS
            if taken.get(endpoint, 0) < (1 if is_down else ENDPOINT_MESSAGES) and len(ids) < CLAIMS:
                taken[endpoint] = taken.get(endpoint, 0) + 1
                ids.append(id)
    return ids


def mine(worker: str, ids: Collection[int], using: str) -> dict[int, WebhookPosition]:
    """Returns those of these positions that this worker still has, locked."""
    rows = WebhookPosition.objects.using(using).filter(pk__in=ids, lease=worker).order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True)}


def renew(worker: str, ids: Collection[int], now: datetime, using: str) -> None:
    until = now + timedelta(seconds=conf.WEBHOOK_LEASE_SECONDS)
    WebhookPosition.objects.using(using).filter(pk__in=ids, lease=worker).update(leased_until=until)


_COLUMNS = (
    *("epoch", "offset", "message_id", "until", "failures", "failing_since", "due_at", "lease"),
    *("leased_until", "ended_at", "asked_until"),
)


def store(positions: Iterable[WebhookPosition], using: str) -> None:
    """Writes all columns of these positions in one round trip."""
    connection = connections[using]
    fields: list[Any] = [WebhookPosition._meta.get_field(name) for name in _COLUMNS]
    rows = [
        [*(field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields), row.pk]
        for row in positions
    ]
    if not rows:
        return
    columns = ", ".join(f"{connection.ops.quote_name(name)} = %s" for name in _COLUMNS)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {_name(WebhookPosition)} SET {columns} WHERE id = %s", rows)


def release(position: WebhookPosition) -> None:
    """Lets any worker take the position again, when it is due."""
    position.lease, position.leased_until = "", None


def _name(model: Any) -> str:
    return f'"{model._meta.db_table}"'
