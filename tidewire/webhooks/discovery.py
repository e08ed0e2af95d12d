"""Endpoints for all streams of their owner: gives them a position in each stream that they did not have yet.

Looks at the streams that were written to since `scanned_at`, which moves on once a minute, so that a stream that became
readable while no worker ran is found, too. A new position begins with the events since that time.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q

from tidewire.engine import access
from tidewire.ground.conf import conf
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, Stream
from tidewire.transactions.writes import retried, write_transaction
from tidewire.webhooks import leases
from tidewire.webhooks.tables import WebhookEndpoint, WebhookPosition

SCAN_SECONDS = 60.0
"""How often `scanned_at` moves on."""
REFUSED_SECONDS = 5.0
"""For how long a stream that an owner may not read is not asked for again."""
MAX_REFUSED = 100_000
CLOCK = timedelta(seconds=1)
"""Streams are stamped by the database, on SQLite in milliseconds; endpoints and events by the process that writes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A stream that an endpoint has no position in."""

    endpoint: WebhookEndpoint
    stream: Stream


class Discovery:
    """Looks for new streams. Remembers for a while which of them owners may not read. Used by one thread at a time."""

    def __init__(self) -> None:
        self._refused: dict[tuple[UUID, int], float] = {}

    def look(self) -> int:
        """Adds positions for streams that were found. Returns how many."""
        using = log_alias()
        endpoints = list(WebhookEndpoint.objects.using(using).filter(state="active", streams__isnull=True))
        if not endpoints:
            return 0
        now = leases.database_time(using)
        is_scan = any((now - endpoint.scanned_at).total_seconds() > SCAN_SECONDS for endpoint in endpoints)
        if is_scan or len(self._refused) > MAX_REFUSED:
            self._refused.clear()
        found = [each for each in _candidates(endpoints, using) if not self._is_refused(each)]
        allowed = self._readable(found)
        if allowed or is_scan:
            retried(lambda: _add(allowed, endpoints if is_scan else [], now, using))
        return len(allowed)

    def _is_refused(self, found: Found) -> bool:
        return self._refused.get((found.endpoint.pk, found.stream.pk), 0.0) > time.monotonic()

    def _readable(self, found: Sequence[Found]) -> list[Found]:
        names: dict[str, set[str]] = {}
        for each in found:
            names.setdefault(each.endpoint.owner, set()).add(each.stream.name)
        readable = dict(zip(names, access.permitted_all(list(names.items())), strict=True))
        allowed = [each for each in found if each.stream.name in readable[each.endpoint.owner]]
        until = time.monotonic() + REFUSED_SECONDS
        kept = {(each.endpoint.pk, each.stream.pk) for each in allowed}
        for each in found:
            key = (each.endpoint.pk, each.stream.pk)
            if key not in kept:
                self._refused[key] = until
        return allowed


def _begin(endpoint: WebhookEndpoint) -> datetime:
    """Returns the time since which events of a new stream belong to an endpoint: since it was made, or was changed to
    all streams. Later, a transaction may have begun to write before the last scan and have committed after it."""
    if endpoint.scanned_at in (endpoint.created_at, endpoint.updated_at):
        return endpoint.scanned_at
    return endpoint.scanned_at - timedelta(seconds=conf.TOUCHED_SECONDS)


def _candidates(endpoints: Sequence[WebhookEndpoint], using: str) -> list[Found]:
    """Returns the streams that were written to since the scan of an endpoint that has no position in them."""
    since = min(_begin(endpoint) for endpoint in endpoints) - CLOCK
    touched = list(Stream.objects.using(using).filter(touched_at__gte=since, head__gt=0).exclude(name=REVOCATIONS))
    if not touched:
        return []
    known = WebhookPosition.objects.using(using).filter(endpoint__in=endpoints, ended_at=None)
    pairs = set(known.filter(stream__touched_at__gte=since).values_list("endpoint", "stream"))
    return [
        Found(endpoint, stream)
        for endpoint in endpoints
        for stream in touched
        if stream.touched_at >= _begin(endpoint) - CLOCK and (endpoint.pk, stream.pk) not in pairs
    ]


def _add(found: Sequence[Found], scanned: Sequence[WebhookEndpoint], now: datetime, using: str) -> None:
    with write_transaction(using):
        for each in found:
            position = _position(each, now, using)
            ended = WebhookPosition.objects.using(using).filter(
                ~Q(ended_at=None), endpoint=each.endpoint, stream=each.stream
            )
            values = {"epoch": position.epoch, "offset": position.offset, "due_at": position.due_at}
            if not ended.update(**values, ended_at=None, failures=0, failing_since=None, message_id="", until=0):
                WebhookPosition.objects.using(using).bulk_create([position], ignore_conflicts=True)
        ids = [endpoint.pk for endpoint in scanned]
        if ids:
            WebhookEndpoint.objects.using(using).filter(pk__in=ids, scanned_at__lt=now).update(scanned_at=now)


def _position(found: Found, now: datetime, using: str) -> WebhookPosition:
    """Returns the position before the first event since the endpoint's last scan."""
    events = Event.objects.using(using).filter(stream=found.stream)
    earlier = events.filter(at__lt=_begin(found.endpoint)).order_by("-offset").values_list("offset", flat=True).first()
    if earlier is None:
        first = events.order_by("offset").values_list("offset", flat=True).first()
        earlier = found.stream.head if first is None else first - 1
    stream = found.stream
    return WebhookPosition(endpoint=found.endpoint, stream=stream, epoch=stream.epoch, offset=earlier, due_at=now)
