"""Pages of the log: the events of a stream after or before an offset.

Every function is synchronous and reads the database of its alias, by default the one that holds the log. The position
in a page is read before its events: what commits in between may show as an event above the position, never as one
missing below it.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from tidewire.ground.positions import ENVELOPE_BYTES, PAGE_BYTES, PAGE_EVENTS, Entries, Entry, Page
from tidewire.log.database import log_alias
from tidewire.log.heads import position
from tidewire.log.tables import Event

_FIELDS = ("offset", "ends_access", "type", "payload", "revocation_offset")


def read_after(name: str, offset: int, limit: int = PAGE_EVENTS, using: str | None = None) -> Page:
    """Returns the events after `offset`, oldest first: at most `limit`.

    It stops before PAGE_BYTES, but returns at least one event.

    The first entry is `offset + 1`, unless that event was pruned: a caller that needs continuity compares.
    """
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name, offset__gt=offset).order_by("offset")
    return Page(head, _entries(rows, limit))


def read_before(name: str, offset: int | None, limit: int = PAGE_EVENTS, using: str | None = None) -> Page:
    """Returns the events before `offset` (None: from the end of the stream), newest first, bounded as `read_after`."""
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name).order_by("-offset")
    return Page(head, _entries(rows.filter(offset__lt=offset) if offset is not None else rows, limit))


def read_recent(name: str, seconds: float, using: str | None = None) -> Page:
    """Returns all events of the last `seconds`, oldest first and without bound: for the revocation log, which is
    short."""
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name, at__gt=timezone.now() - timedelta(seconds=seconds))
    return Page(head, Entries(Entry(*row) for row in rows.order_by("offset").values_list(*_FIELDS)))


def _entries(rows: QuerySet[Event], limit: int) -> Entries:
    entries = Entries()
    size = 0
    for row in rows.values_list(*_FIELDS)[:limit]:
        entry = Entry(*row)
        size += len(entry.payload.encode()) + ENVELOPE_BYTES
        if entries and size > PAGE_BYTES:
            break
        entries.append(entry)
    return entries
