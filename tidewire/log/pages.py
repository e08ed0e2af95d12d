"""Pages of the log: the events of a stream after or before an offset.

Every function is synchronous and reads the database of its alias; without one that which holds the log, or a replica of
it that shows the same (`replicas.py`). The position in a page is read before its events: what commits in between may
show as an event above the position, never as one missing below it.

While a user is erased in slices (`erasure.hide_user`), events that name the user cannot be read: a page begins after
the last of them, as if those before it were pruned.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, StrIndex
from django.db.models.lookups import GreaterThan
from django.utils import timezone

from tidewire.declare.registry import registry
from tidewire.ground.positions import ENVELOPE_BYTES, PAGE_BYTES, PAGE_EVENTS, Entries, Entry, Page, Position
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.database import log_alias
from tidewire.log.heads import position
from tidewire.log.replicas import at_head
from tidewire.log.tables import Event, HiddenUser

_FIELDS = ("offset", "ends_access", "type", "payload", "revocation_offset", "trace")


def read_after(name: str, offset: int, limit: int = PAGE_EVENTS, using: str | None = None) -> Page:
    """Returns the events after `offset`, oldest first: at most `limit`.

    It stops before PAGE_BYTES, but returns at least one event.

    The first entry is `offset + 1`, unless that event was pruned: a caller that needs continuity compares.
    """

    def read(head: Position, using: str) -> Page:
        rows = Event.objects.using(using).filter(stream__name=name, offset__gt=offset).order_by("offset")
        return Page(head, _after_hidden(_entries(_with_hidden(rows, name), limit, name)))

    return read(position(name, using), using) if using else at_head(name, read)


def read_before(name: str, offset: int | None, limit: int = PAGE_EVENTS, using: str | None = None) -> Page:
    """Returns the events before `offset` (None: from the end of the stream), newest first, bounded as `read_after`."""

    def read(head: Position, using: str) -> Page:
        rows = Event.objects.using(using).filter(stream__name=name).order_by("-offset")
        rows = rows.filter(offset__lt=offset) if offset is not None else rows
        entries = _entries(_with_hidden(rows, name), limit, name)
        return Page(head, Entries(entry for entry, _ in takewhile(lambda row: not row[1], entries)))

    return read(position(name, using), using) if using else at_head(name, read)


def read_recent(name: str, seconds: float, using: str | None = None) -> Page:
    """Returns all events of the last `seconds`, oldest first and without bound: for the revocation log, which is
    short."""
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name, at__gt=timezone.now() - timedelta(seconds=seconds))
    return Page(head, Entries(_entry(*row) for row in rows.order_by("offset").values_list(*_FIELDS)))


def _entries(rows: QuerySet[Event], limit: int, name: str) -> list[tuple[Entry, bool]]:
    """Returns the first of these events of a stream, each with whether it is hidden."""
    entries: list[tuple[Entry, bool]] = []
    size = 0
    for *fields, is_hidden in rows.values_list(*_FIELDS, "is_hidden")[:limit]:
        entry = _entry(*fields)
        size += len(entry.payload.encode()) + ENVELOPE_BYTES
        if entries and size > PAGE_BYTES:
            break
        entries.append((entry, is_hidden and not registry.is_deletion(name, entry.type)))
    return entries


def _entry(offset: int, ends_access: str, type: str, payload: str, revocation_offset: int, trace: str) -> Entry:
    return Entry(offset, ends_access, type, payload, revocation_offset, trace=trace)


def _with_hidden(rows: QuerySet[Event], name: str) -> QuerySet[Event]:
    """Adds `is_hidden` to the rows: whether a user who is being erased caused the event, or it shows the user as the
    `"id": …` of a person. No revocation is ever hidden."""
    if name == REVOCATIONS:
        return rows.annotate(is_hidden=Value(False))
    person = Concat(Value('"id":"'), F("user"), Value('"'), output_field=TextField())
    in_payload = GreaterThan(StrIndex(OuterRef("payload"), person), 0)
    return rows.annotate(is_hidden=Exists(HiddenUser.objects.filter(Q(user=OuterRef("actor")) | in_payload)))


def _after_hidden(entries: list[tuple[Entry, bool]]) -> Entries:
    """Leaves out all up to the last hidden event: the log may have no hole, but it may begin later."""
    last = max((index for index, (_, is_hidden) in enumerate(entries) if is_hidden), default=-1)
    return Entries(entry for entry, _ in entries[last + 1 :])
