"""The event log: record in the writer's transaction; read positions, pages and what was touched lately.

Order by construction: a stream's counter row is taken last in the transaction and locked until COMMIT, so offsets
follow commit order without holes. Several streams are taken in the order of their names, in one statement, so that two
writers never wait for each other in a circle. Every function is synchronous and uses the connection of its alias.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.db.models import QuerySet
from django.utils import timezone

from tidewire.ground.positions import ENVELOPE_BYTES, PAGE_BYTES, PAGE_EVENTS, Entries, Entry, Page, Position
from tidewire.ground.recorded import Recorded
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import building, erasure, rate
from tidewire.log.tables import Event, Stream, new_epoch
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import takes_several
from tidewire.transactions.notes import Note

# The database's own clock, read when the row is written (not when the transaction began).
_NOW = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')"}
_AGO = {
    "postgresql": "clock_timestamp() - make_interval(secs => %s)",
    "sqlite": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', (-%s) || ' seconds')",
}


def now_sql(vendor: str) -> str:
    """The database's clock, as text for a statement with parameters."""
    return _NOW[vendor].replace("%", "%%")


def log_alias() -> str:
    """The database that holds the log. It must be the one that holds the live models: they share a transaction."""
    return router.db_for_write(Event) or DEFAULT_DB_ALIAS


# -- record --------------------------------------------------------------------------------------------------------


def record(notes: Iterable[Note], using: str, is_last: Callable[[], bool] = lambda: False) -> list[Recorded]:
    """Builds the events of what was noted and appends them to their streams, inside the open transaction.

    `is_last` is asked when they are built: whether COMMIT is all that follows.
    """
    notes = list(notes)
    encoded = [building.encode(draft) for draft in rate.rate(building.build(notes, using), notes, using)]
    return append(encoded, using, commits=is_last())


def append(encoded: list[building.Encoded], using: str, *, commits: bool = False) -> list[Recorded]:
    """Gives finished events their places, inside the open transaction. With `commits` its end may go with them: the
    streams are locked for as long as COMMIT takes, and not for the way to us and back besides."""
    if not encoded:
        return []
    if connections[using].vendor == "postgresql":
        recorded = _number(encoded, _append(encoded, using, commits and not erasure.follows(encoded)))
    else:
        heads = _advance(Counter(event.draft.stream for event in encoded), using)
        recorded = _number(encoded, heads)
        _insert(recorded, encoded, heads, using)
    erasure.erase_deleted(recorded, using)
    return recorded


@dataclass(frozen=True, slots=True)
class Advanced:
    """A stream's counter after this transaction's events, and the control log's as the transaction saw it."""

    id: int
    epoch: str
    head: int
    revocation_offset: int


def _advance(counts: dict[str, int], using: str) -> dict[str, Advanced]:
    """Adds to the heads of these streams, locking them in sorted order, in one statement.

    The control log's head is read without a lock. What was revoked, and answered, before this write began is in it.
    """
    connection = connections[using]
    now = now_sql(connection.vendor)
    table = connection.ops.quote_name(Stream._meta.db_table)
    names = sorted(counts)
    rows = ", ".join([f"(%s, %s, %s, {now})"] * len(names))
    statement = (
        f"INSERT INTO {table} (name, epoch, head, touched_at) VALUES {rows} "
        f"ON CONFLICT (name) DO UPDATE SET head = {table}.head + EXCLUDED.head, touched_at = {now} "
        f"RETURNING name, id, epoch, head, COALESCE((SELECT c.head FROM {table} c WHERE c.name = %s), 0)"
    )
    values = [value for name in names for value in (name, new_epoch(), counts[name])]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, REVOCATIONS])
        return {name: Advanced(*counter) for name, *counter in cursor.fetchall()}


def _number(encoded: list[building.Encoded], heads: dict[str, Advanced]) -> list[Recorded]:
    """Offsets in the order of the transaction: the last event of each stream gets its new head."""
    left = Counter(event.draft.stream for event in encoded)
    recorded = []
    for event in encoded:
        draft, stream = event.draft, heads[event.draft.stream]
        recorded.append(
            Recorded(
                stream=draft.stream,
                epoch=stream.epoch,
                offset=stream.head - left[draft.stream] + 1,
                id=event.id,
                type=draft.type,
                object=draft.object,
                ends_access=draft.ends_access,
                revocation_offset=stream.revocation_offset,
                payload=event.payload,
                data=draft.data,
            )
        )
        left[draft.stream] -= 1
    return recorded


def _insert(recorded: list[Recorded], encoded: list[building.Encoded], heads: dict[str, Advanced], using: str) -> None:
    Event.objects.using(using).bulk_create(
        Event(
            id=row.id,
            stream_id=heads[row.stream].id,
            offset=row.offset,
            type=row.type,
            object=row.object,
            actor=event.draft.actor.id or "",
            ends_access=row.ends_access,
            revocation_offset=row.revocation_offset,
            at=event.at,
            payload=row.payload,
        )
        for row, event in zip(recorded, encoded, strict=True)
    )


# `_advance` and `_insert` in one statement. Its text is the same for any number of streams and events, which come as
# JSON: no driver quotes arrays as fast as that is written and read. The streams are locked in the order in which they
# are given.
_APPEND = """WITH advanced AS (
    INSERT INTO {streams} (name, epoch, head, touched_at)
    SELECT name, epoch, count, clock_timestamp()
    FROM json_to_recordset(%s) AS wanted (name text, epoch text, count bigint)
    ON CONFLICT (name) DO UPDATE SET head = {streams}.head + EXCLUDED.head, touched_at = clock_timestamp()
    RETURNING name, id, epoch, head,
        COALESCE((SELECT r.head FROM {streams} r WHERE r.name = %s), 0) AS revocation_offset
), appended AS (
    INSERT INTO {events} (id, stream_id, "offset", type, object, actor, ends_access,
        revocation_offset, at, payload)
    SELECT new.id, advanced.id, advanced.head - new.after, new.type, new.object, new.actor, new.ends_access,
        advanced.revocation_offset, new.at, new.payload
    FROM json_to_recordset(%s) AS new (id uuid, stream text, after bigint, type text, object text, actor text,
        ends_access text, at timestamptz, payload text)
    JOIN advanced ON advanced.name = new.stream
)
SELECT name, id, epoch, head, revocation_offset FROM advanced"""


def _append(encoded: list[building.Encoded], using: str, commits: bool) -> dict[str, Advanced]:
    """Advances the streams and inserts the events. PostgreSQL only."""
    connection = connections[using]
    counts = Counter(event.draft.stream for event in encoded)
    wanted = [{"name": name, "epoch": new_epoch(), "count": counts[name]} for name in sorted(counts)]
    rows = []
    for event in encoded:
        draft = event.draft
        counts[draft.stream] -= 1  # how many of its stream follow
        rows.append(
            {
                "id": event.id,
                "stream": draft.stream,
                "after": counts[draft.stream],
                "type": draft.type,
                "object": draft.object,
                "actor": draft.actor.id or "",
                "ends_access": draft.ends_access,
                "at": event.at,
                "payload": event.payload,
            }
        )
    then = "COMMIT" if commits and takes_several(connection) else ""
    cursor = _append_statement().execute(connection, [_json(wanted), REVOCATIONS, _json(rows)], then)
    return {name: Advanced(*counter) for name, *counter in cursor.fetchall()}


@cache
def _append_statement() -> PreparedStatement:
    return PreparedStatement(
        _APPEND.format(streams=f'"{Stream._meta.db_table}"', events=f'"{Event._meta.db_table}"'), count=3
    )


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()


# -- read ----------------------------------------------------------------------------------------------------------


def position(name: str, using: str | None = None) -> Position:
    """Where a stream stands now. A stream that nobody wrote to yet is born here, so that its epoch is fixed."""
    return positions([name], using)[name]


def positions(names: Collection[str], using: str | None = None) -> dict[str, Position]:
    """Where these streams stand now: one query, and one more where a stream has to be born."""
    found = heads(names, using)
    missing = [name for name in names if name not in found]
    if missing:
        _be_born(missing, using or log_alias())
        found |= heads(missing, using)
    return found


def heads(names: Collection[str], using: str | None = None) -> dict[str, Position]:
    """The positions of those of these streams that exist."""
    if not names:
        return {}
    rows = Stream.objects.using(using or log_alias()).filter(name__in=list(names))
    return {name: Position(name, epoch, head) for name, epoch, head in rows.values_list("name", "epoch", "head")}


def _be_born(names: Collection[str], using: str) -> None:
    connection = connections[using]
    now = now_sql(connection.vendor)
    table = connection.ops.quote_name(Stream._meta.db_table)
    rows = ", ".join([f"(%s, %s, 0, {now})"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (name, epoch, head, touched_at) VALUES {rows} ON CONFLICT (name) DO NOTHING",
            [value for name in sorted(names) for value in (name, new_epoch())],
        )


def read_after(name: str, offset: int, limit: int = PAGE_EVENTS, using: str | None = None) -> Page:
    """At most `limit` events and PAGE_BYTES of them (always one) after `offset`, and the stream's position.

    The position is read first: what is committed in between may show as an event above it, never as one missing.
    The first entry is `offset + 1`, unless that was pruned: whoever needs continuity compares.
    """
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name, offset__gt=offset).order_by("offset")
    return Page(head, _entries(rows, limit))


def read_before(name: str, offset: int | None, limit: int = PAGE_EVENTS, using: str | None = None) -> Page:
    """As `read_after`, backwards: the events before `offset` (or the newest), newest first."""
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name).order_by("-offset")
    return Page(head, _entries(rows.filter(offset__lt=offset) if offset is not None else rows, limit))


def _entries(rows: QuerySet[Event], limit: int) -> Entries:
    entries = Entries()
    size = 0
    for row in rows.values_list("offset", "ends_access", "type", "payload", "revocation_offset")[:limit]:
        entry = Entry(*row)
        size += len(entry.payload.encode()) + ENVELOPE_BYTES
        if entries and size > PAGE_BYTES:
            break
        entries.append(entry)
    return entries


def touched(seconds: float, using: str | None = None) -> dict[str, Position]:
    """Positions of the streams written to in the last `seconds`, by the database's clock."""
    using = using or log_alias()
    connection = connections[using]
    table = connection.ops.quote_name(Stream._meta.db_table)
    statement = f"SELECT name, epoch, head FROM {table} WHERE touched_at > {_AGO[connection.vendor]}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [seconds])
        return {name: Position(name, epoch, head) for name, epoch, head in cursor.fetchall()}


def recent(name: str, seconds: float, using: str | None = None) -> Page:
    """All events of a stream of the last `seconds`, without bound: for the control log, whose events are few."""
    using = using or log_alias()
    head = position(name, using)
    rows = Event.objects.using(using).filter(stream__name=name, at__gt=timezone.now() - timedelta(seconds=seconds))
    fields = ("offset", "ends_access", "type", "payload", "revocation_offset")
    return Page(head, Entries(Entry(*row) for row in rows.order_by("offset").values_list(*fields)))
