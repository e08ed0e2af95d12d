"""How long the log keeps events, and what happens to positions when a database is restored.

Pruning never touches a counter: a stream's head is not derived from its rows. A position older than the window is
refused as the protocol says (`recovered: false`, or error 112), never answered with a part.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connections, transaction
from django.db.models import Count, F, Max, Min, OuterRef, QuerySet, Subquery
from django.utils import timezone

from tidewire.declare.kinds import Retention
from tidewire.declare.registry import registry
from tidewire.ground.conf import conf
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.database import log_alias, now_sql
from tidewire.log.tables import Event, Stream, new_epoch
from tidewire.queries.errors import is_lock_timeout

STREAMS = 1_000
"""How many streams are looked at in one query."""

BATCH = 500
"""How many offsets of a stream one transaction deletes: some milliseconds of work."""

LOCK_TIMEOUT = "200ms"
"""How long a deletion waits for an event that is being erased. This is below PostgreSQL's `deadlock_timeout`: where it
and a writer wait for each other, it gives up and the writer goes on."""

REVOCATIONS_KEPT = Retention()
"""Processes read the revocations of the last hour when they start: no setting shortens that."""


def prune(using: str | None = None, now: datetime | None = None) -> int:
    """Deletes the events that are outside their kind's window, without a pause. Returns how many."""
    return sum(prune_in_batches(using, now))


def prune_in_batches(using: str | None = None, now: datetime | None = None) -> Iterator[int]:
    """Deletes the events that are outside their kind's window, in small transactions. Yields how many each deleted."""
    using, now = using or log_alias(), now or timezone.now()
    for streams in _streams(using):
        yield 0
        for stream, limit, cutoff in _with_old_events(streams, using, now):
            yield from _prune_stream(stream, limit, cutoff, using)


def _streams(using: str) -> Iterator[list[Stream]]:
    """Yields all streams with events, STREAMS at a time. No query stays open meanwhile."""
    rows = Stream.objects.using(using).filter(head__gt=0).only("name", "head").order_by("pk")
    last = 0
    while some := list(rows.filter(pk__gt=last)[:STREAMS]):
        yield some
        last = some[-1].pk


def _with_old_events(streams: list[Stream], using: str, now: datetime) -> Iterator[tuple[Any, int, datetime]]:
    """Yields those of the streams whose first event is outside the window, with `first`, its offset: of a million small
    streams few have one, each hour. With each come the last offset that may be deleted, and the time before which."""
    kept = {stream.pk: _kept(stream.name) for stream in streams}
    candidates = [stream.pk for stream in streams if stream.head > kept[stream.pk].events]
    if not candidates:
        return
    first = Event.objects.using(using).filter(stream=OuterRef("pk")).order_by("offset")
    rows: QuerySet[Any] = Stream.objects.using(using).filter(pk__in=candidates)
    for stream in rows.annotate(first=Subquery(first.values("offset")[:1]), first_at=Subquery(first.values("at")[:1])):
        limit = stream.head - kept[stream.pk].events
        cutoff = now - timedelta(seconds=kept[stream.pk].seconds)
        if stream.first is not None and stream.first <= limit and stream.first_at < cutoff:
            yield stream, limit, cutoff


def _kept(stream: str) -> Retention:
    if stream == REVOCATIONS:
        return REVOCATIONS_KEPT
    kind = registry.kind_of(stream)
    return (kind.retention if kind else None) or Retention(conf.RETENTION_EVENTS, conf.RETENTION_SECONDS)


def _prune_stream(stream: Any, limit: int, cutoff: datetime, using: str) -> Iterator[int]:
    """Deletes from the start of the stream, the oldest first: a hole in the middle would be a silent gap.

    It goes on from the offset that it has reached: the index still holds what was deleted, and a search from the start
    would pass all of it again. A stream whose old events are being erased is left to the next time.
    """
    events, last = Event.objects.using(using).filter(stream=stream), stream.first - 1
    try:
        while last < limit:
            upto = min(last + BATCH, limit)
            some = events.filter(offset__gt=last, offset__lte=upto)
            young = some.filter(at__gte=cutoff).order_by("offset").values_list("offset", flat=True).first()
            yield _delete(some if young is None else some.filter(offset__lt=young), using)
            if young is not None:
                return
            last = upto
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise


def _delete(events: QuerySet[Event], using: str) -> int:
    """Deletes these events in one transaction, which waits for no lock for longer than LOCK_TIMEOUT."""
    with transaction.atomic(using=using):
        if connections[using].vendor == "postgresql":
            with connections[using].cursor() as cursor:
                cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        return events._raw_delete(using)


def holes(using: str | None = None, *, streams: int | None = None, events: int | None = None) -> list[str]:
    """Returns the streams whose stored events are not the last ones of the stream without a hole.

    Reads the index of positions, in one query: ten million events take some seconds. With `streams` it looks at so many
    that were written to last, with `events` at so many last ones of each.
    """
    using = using or log_alias()
    rows = Event.objects.using(using).order_by()
    if streams is not None:
        latest = Stream.objects.using(using).order_by("-touched_at").values_list("pk", flat=True)
        rows = rows.filter(stream__in=list(latest[:streams]))
    if events is not None:
        rows = rows.filter(offset__gt=F("stream__head") - events)
    found = rows.values("stream__name", "stream__head")
    found = found.annotate(first=Min("offset"), last=Max("offset"), count=Count("offset"))
    broken = found.exclude(last=F("stream__head"), count=F("last") - F("first") + 1)
    return sorted(broken.values_list("stream__name", flat=True))


def renew_epochs(using: str | None = None) -> int:
    """Gives every stream a new epoch and the next generation, so that no earlier position is valid any more.

    For a database that was restored, or a standby that lost writes: what clients have seen may not be in it. Hubs find
    the change with their next poll and close the subscriptions of live clients (code 2502), which then fetch their
    state anew. Returns how many streams there are.
    """
    using = using or log_alias()
    with transaction.atomic(using=using):
        streams = list(Stream.objects.using(using).select_for_update().order_by("name"))
        for stream in streams:
            stream.epoch = new_epoch()
            stream.generation += 1
        Stream.objects.using(using).bulk_update(streams, ["epoch", "generation"], batch_size=500)
        _touch_all(using)
    return len(streams)


def _touch_all(using: str) -> None:
    """Stamps all streams by the database's clock, so that every hub's poll sees all of them."""
    connection = connections[using]
    table = connection.ops.quote_name(Stream._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET touched_at = {now_sql(connection.vendor)}", [])
