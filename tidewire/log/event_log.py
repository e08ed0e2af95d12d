"""The event log: a transaction's events are built and appended to their streams, just before its COMMIT.

Order by construction: a stream's counter row is taken last in the transaction and locked until COMMIT, so offsets
follow commit order without holes. Several streams are taken in the order of their names, in one statement, so that two
writers never wait for each other in a circle. Every function is synchronous and uses the connection of its alias.

`heads.py` and `pages.py` read the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER
from typing import Any

import msgspec
from django.db import connections

from tidewire.ground import tracing
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import building, erasure, rate
from tidewire.log.database import now_sql
from tidewire.log.tables import Event, Stream, new_epoch
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.round_trips import can_join
from tidewire.transactions.notes import Note

BATCH = 1_000
"""How many events one statement inserts."""
DATA_KEPT = 1_000
"""Up to so many events of a transaction keep their data, which an answer may show. Of more, only the JSON is kept."""


def record(notes: Iterable[Note], using: str, is_last: Callable[[], bool] = lambda: False) -> list[RecordedEvent]:
    """Builds the events of these notes and appends them to their streams, inside the open transaction.

    `is_last` is called when the events are built. It returns whether nothing but COMMIT follows.
    """
    notes = list(notes)
    drafts = rate.limit(building.build(notes, using), notes, using)
    return append(_encode(drafts), using, commits=is_last())


def _encode(drafts: list[building.Draft]) -> list[building.Encoded]:
    """Gives the drafts their identities, their time and JSON. Of many drafts the data is not kept beside the JSON.

    The time is the same for all of them, by which they are known as those of one transaction.
    """
    keeps_data, at = len(drafts) <= DATA_KEPT, datetime.now(UTC)
    encoded = []
    for index, draft in enumerate(drafts):
        event = building.encode(draft, at)
        if not keeps_data:
            drafts[index] = draft = replace(draft, data=None)
            event = replace(event, draft=draft)
        encoded.append(event)
    return encoded


def append(encoded: list[building.Encoded], using: str, *, commits: bool = False) -> list[RecordedEvent]:
    """Gives finished events their places in their streams, inside the open transaction.

    With `commits` the statement may end with COMMIT: the streams are then locked for as long as COMMIT takes, without
    another round trip. Where it could not, the transaction is still open.
    """
    if not encoded:
        return []
    is_postgresql = connections[using].vendor == "postgresql"
    inserted = 0
    if is_postgresql:
        inserted = BATCH
        may_commit = commits and len(encoded) <= inserted and not erasure.is_erasing(encoded)
        heads = _append(encoded, inserted, using, may_commit)
    else:
        heads = _advance(Counter(event.draft.stream for event in encoded), using)
    recorded = _number(encoded, heads)
    insert = _insert_json if is_postgresql else _insert
    for start in range(inserted, len(recorded), BATCH):
        part = slice(start, start + BATCH)
        insert(recorded[part], encoded[part], heads, using)
    erasure.erase_deleted(recorded, using)
    return recorded


@dataclass(frozen=True, slots=True)
class Advanced:
    """A stream's counter after this transaction's events, and that of the revocation log as the transaction saw it."""

    id: int
    epoch: str
    head: int
    revocation_offset: int


def _advance(counts: dict[str, int], using: str) -> dict[str, Advanced]:
    """Adds to the heads of these streams and locks them in sorted order, in one statement.

    The head of the revocation log is read without a lock. A revocation that was answered before this write began is
    counted in it.
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


def _number(encoded: list[building.Encoded], heads: dict[str, Advanced]) -> list[RecordedEvent]:
    """Gives the events their offsets in the order of the transaction: the last of each stream gets the new head."""
    left = Counter(event.draft.stream for event in encoded)
    recorded, trace = [], tracing.context()
    for event in encoded:
        draft, stream = event.draft, heads[event.draft.stream]
        recorded.append(
            RecordedEvent(
                stream=draft.stream,
                epoch=stream.epoch,
                offset=stream.head - left[draft.stream] + 1,
                id=event.id,
                type=draft.type,
                object=draft.object,
                ends_access=draft.ends_access,
                revocation_offset=stream.revocation_offset,
                payload=event.payload,
                trace=trace,
                data=draft.data,
            )
        )
        left[draft.stream] -= 1
    return recorded


_COLUMNS = (
    "id",
    "stream",
    "offset",
    "type",
    "object",
    "actor",
    "ends_access",
    "revocation_offset",
    "at",
    "payload",
    "trace",
)


def _insert(
    recorded: list[RecordedEvent], encoded: list[building.Encoded], heads: dict[str, Advanced], using: str
) -> None:
    """Inserts the events, as many at a time as the database takes parameters. SQLite only."""
    connection = connections[using]
    connection.ensure_connection()
    # Django assumes 999 for every SQLite. Since 3.32 it takes 32,766 or more.
    ops, most = connection.ops, connection.connection.getlimit(SQLITE_LIMIT_VARIABLE_NUMBER) // len(_COLUMNS)
    names = ", ".join(ops.quote_name("stream_id" if name == "stream" else name) for name in _COLUMNS)
    into = f"INSERT INTO {ops.quote_name(Event._meta.db_table)} ({names}) VALUES "
    one = f"({', '.join(['%s'] * len(_COLUMNS))})"
    to_id = Event._meta.pk.get_db_prep_value
    rows = [
        (
            to_id(row.id, connection),
            heads[row.stream].id,
            row.offset,
            row.type,
            row.object,
            event.draft.actor.id or "",
            row.ends_access,
            row.revocation_offset,
            ops.adapt_datetimefield_value(event.at),
            row.payload,
            row.trace,
        )
        for row, event in zip(recorded, encoded, strict=True)
    ]
    with connection.cursor() as cursor:
        for start in range(0, len(rows), most):
            some = rows[start : start + most]
            cursor.execute(into + ", ".join([one] * len(some)), [value for row in some for value in row])


# `_advance` and `_insert` in one statement, of the first BATCH events. Its text is the same for any number of streams
# and events, because they come as JSON, which is written and read faster than drivers quote arrays. The streams are
# locked in the order in which they are given.
_APPEND = """WITH advanced AS (
    INSERT INTO {streams} (name, epoch, head, touched_at)
    SELECT name, epoch, count, clock_timestamp()
    FROM json_to_recordset(%s) AS wanted (name text, epoch text, count bigint)
    ON CONFLICT (name) DO UPDATE SET head = {streams}.head + EXCLUDED.head, touched_at = clock_timestamp()
    RETURNING name, id, epoch, head,
        COALESCE((SELECT r.head FROM {streams} r WHERE r.name = %s), 0) AS revocation_offset
), appended AS (
    INSERT INTO {events} (id, stream_id, "offset", type, object, actor, ends_access,
        revocation_offset, at, payload, trace)
    SELECT new.id, advanced.id, advanced.head - new.after, new.type, new.object, new.actor, new.ends_access,
        advanced.revocation_offset, new.at, new.payload, %s
    FROM json_to_recordset(%s) AS new (id uuid, stream text, after bigint, type text, object text, actor text,
        ends_access text, at timestamptz, payload text)
    JOIN advanced ON advanced.name = new.stream
)
SELECT name, id, epoch, head, revocation_offset FROM advanced"""


def _append(encoded: list[building.Encoded], most: int, using: str, commits: bool) -> dict[str, Advanced]:
    """Adds to the heads of the streams and inserts the first `most` of the events, in one statement.

    PostgreSQL only.
    """
    connection = connections[using]
    counts = Counter(event.draft.stream for event in encoded)
    wanted = [{"name": name, "epoch": new_epoch(), "count": counts[name]} for name in sorted(counts)]
    rows, trace = [], tracing.context()
    for event in encoded[:most]:
        draft = event.draft
        counts[draft.stream] -= 1  # how many events of its stream follow
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
    then = "COMMIT" if commits and can_join(connection) else ""
    cursor = _append_statement().execute(connection, [_json(wanted), REVOCATIONS, trace, _json(rows)], then)
    return {name: Advanced(*counter) for name, *counter in cursor.fetchall()}


# The events after those, whose places are known now.
_APPEND_MORE = """INSERT INTO {events} (id, stream_id, "offset", type, object, actor, ends_access,
    revocation_offset, at, payload, trace)
SELECT * FROM json_to_recordset(%s) AS new (id uuid, stream_id bigint, "offset" bigint, type text, object text,
    actor text, ends_access text, revocation_offset bigint, at timestamptz, payload text, trace text)"""


def _insert_json(
    recorded: list[RecordedEvent], encoded: list[building.Encoded], heads: dict[str, Advanced], using: str
) -> None:
    """Inserts the events in one statement. PostgreSQL only."""
    rows = [
        {
            "id": row.id,
            "stream_id": heads[row.stream].id,
            "offset": row.offset,
            "type": row.type,
            "object": row.object,
            "actor": event.draft.actor.id or "",
            "ends_access": row.ends_access,
            "revocation_offset": row.revocation_offset,
            "at": event.at,
            "payload": row.payload,
            "trace": row.trace,
        }
        for row, event in zip(recorded, encoded, strict=True)
    ]
    with connections[using].cursor() as cursor:
        cursor.execute(_APPEND_MORE.format(events=f'"{Event._meta.db_table}"'), [_json(rows)])


@cache
def _append_statement() -> PreparedStatement:
    sql = _APPEND.format(streams=f'"{Stream._meta.db_table}"', events=f'"{Event._meta.db_table}"')
    return PreparedStatement(sql, types=["json", "text", "text", "json"])


def _json(rows: list[dict[str, Any]]) -> str:
    return msgspec.json.encode(rows).decode()
