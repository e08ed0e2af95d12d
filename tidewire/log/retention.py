"""How long the log keeps events, and what happens to positions when a database is restored.

Pruning never touches a counter: a stream's head is not derived from its rows. A position older than the window is
refused as the protocol says (`recovered: false`, or error 112), never answered with a part.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

from django.db import connections, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from tidewire.declare.kinds import Retention
from tidewire.declare.registry import registry
from tidewire.ground.conf import conf
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.database import log_alias, now_sql
from tidewire.log.tables import Event, Stream, new_epoch

STREAMS = 1_000
"""How many streams are looked at in one query."""

BATCH = 2_000
"""How many events are deleted at a time."""

REVOCATIONS_KEPT = Retention()
"""Processes read the revocations of the last hour when they start: no setting shortens that."""


def prune(using: str | None = None, now: datetime | None = None) -> int:
    """Deletes the events that are outside their kind's window, in small transactions. Returns how many."""
    using, now = using or log_alias(), now or timezone.now()
    deleted = 0
    streams = Stream.objects.using(using).filter(head__gt=0).only("name", "head").iterator()
    while some := list(islice(streams, STREAMS)):
        for stream, kept in _with_old_events(some, using, now):
            deleted += _prune_stream(stream, kept, using, now)
    return deleted


def _with_old_events(streams: list[Stream], using: str, now: datetime) -> Iterator[tuple[Stream, Retention]]:
    """Returns those of the streams that have something to delete, with what they keep: of a million small streams few
    have, each hour. One query for each kind of retention."""
    by_retention: dict[Retention, list[Stream]] = {}
    for stream in streams:
        kept = _kept(stream.name)
        if stream.head > kept.events:
            by_retention.setdefault(kept, []).append(stream)
    for kept, some in by_retention.items():
        old = Event.objects.using(using).filter(
            stream=OuterRef("pk"),
            offset__lte=OuterRef("head") - kept.events,
            at__lt=now - timedelta(seconds=kept.seconds),
        )
        found = Stream.objects.using(using).filter(Exists(old), pk__in=[stream.pk for stream in some])
        keys = set(found.values_list("pk", flat=True))
        yield from ((stream, kept) for stream in some if stream.pk in keys)


def _kept(stream: str) -> Retention:
    if stream == REVOCATIONS:
        return REVOCATIONS_KEPT
    kind = registry.kind_of(stream)
    return (kind.retention if kind else None) or Retention(conf.RETENTION_EVENTS, conf.RETENTION_SECONDS)


def _prune_stream(stream: Stream, kept: Retention, using: str, now: datetime) -> int:
    """Deletes from the start of the stream, the oldest first: a hole in the middle would be a silent gap."""
    cutoff = now - timedelta(seconds=kept.seconds)
    events = Event.objects.using(using).filter(stream=stream)
    first_kept = events.filter(at__gte=cutoff).order_by("offset").values_list("offset", flat=True).first()
    limit = min(stream.head - kept.events, first_kept - 1 if first_kept else stream.head)
    deleted = 0
    while True:
        batch = list(events.filter(offset__lte=limit).order_by("offset").values_list("pk", flat=True)[:BATCH])
        if not batch:
            return deleted
        deleted += events.filter(pk__in=batch)._raw_delete(using)


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
