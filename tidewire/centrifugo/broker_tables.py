"""Centrifugo's own tables, which the nodes make in our database: what the relay reads and writes there.

They are those of Centrifugo's PostgreSQL stream broker, version 6.9, with `binary_data` and one shard. A node sends the
rows of the stream table in the order of their ids, each with the epoch and the offset that it finds there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from django.db import DatabaseError, connections, transaction

from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.ground.conf import conf
from tidewire.ground.positions import Entry, Position
from tidewire.log.tables import Event, Stream

SCHEMA_VERSION = 1
"""The only one that is known. Another release may give the columns another meaning."""
WINDOW = 300
"""Events of one stream that a client may recover: as many as one frame of Centrifugo holds by default."""
NO_POSITION = 0
"""The offset of a message that is not stored."""


class UnknownBrokerError(Exception):
    """The tables are not those that this relay knows. The message says what is different."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows of one stream for the nodes, and the position after them."""

    head: Position
    entries: Sequence[Entry]


def _name(suffix: str = "") -> str:
    prefix = str(conf.CENTRIFUGO_TABLES)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix):
        raise UnknownBrokerError(f"CENTRIFUGO_TABLES is no prefix of tables: {prefix!r}")
    return f'"{prefix}_binary_stream{suffix}"'


_TABLES = {
    "streams": f'"{Stream._meta.db_table}"',
    "events": f'"{Event._meta.db_table}"',
    "subscriptions": f'"{EdgeSubscription._meta.db_table}"',
}


def check(using: str) -> None:
    """Raises UnknownBrokerError if the tables are missing, are of another version, or have more than one shard."""
    try:
        with transaction.atomic(using), connections[using].cursor() as cursor:
            cursor.execute(f"SELECT schema_version FROM {_name('_schema_version')} WHERE id = 1")
            version = cursor.fetchone()
            cursor.execute(f"SELECT count(*) FROM {_name('_shard_lock')}")
            shards = cursor.fetchone()
    except DatabaseError as error:
        raise UnknownBrokerError(f"a node of Centrifugo has to start once and make its tables: {error}") from error
    if version != (SCHEMA_VERSION,):
        raise UnknownBrokerError(f"the tables have the version {version}, and {SCHEMA_VERSION} is known")
    if shards != (1,):
        raise UnknownBrokerError("`broker.postgres.num_shards` of Centrifugo must be 1")


def exist(using: str) -> bool:
    """Returns whether nodes have made their tables in this database."""
    connection = connections[using]
    return connection.vendor == "postgresql" and _name().strip('"') in connection.introspection.table_names()


def lock(using: str) -> None:
    """Locks the one shard until the transaction ends, so that rows commit in the order of their ids."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {_name('_shard_lock')} WHERE shard_id = 0 FOR UPDATE")


def positions(names: Iterable[str], using: str) -> dict[str, Position]:
    """Returns how far these streams are copied, by their names. Those that no client has subscribed to are left out."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"SELECT channel, epoch, top_offset FROM {_name('_meta')} WHERE channel = ANY(%s)", [list(names)]
        )
        return {name: Position(name, epoch, offset) for name, epoch, offset in cursor.fetchall()}


_BEHIND = """WITH names AS ({names})
SELECT s.name, s.epoch, s.head, m.epoch, m.top_offset
FROM names n JOIN {streams} s ON s.name = n.name JOIN {meta} m ON m.channel = s.name
WHERE m.epoch <> s.epoch OR m.top_offset <> s.head ORDER BY s.name LIMIT %s"""

_LATELY = """SELECT name FROM {streams} WHERE touched_at > clock_timestamp() - make_interval(secs => %s)
UNION SELECT stream FROM {subscriptions} WHERE asked_at > clock_timestamp() - make_interval(secs => %s)"""


def behind(most: int, using: str, seconds: float | None = None) -> list[tuple[Position, Position]]:
    """Returns (head in our log, position of the nodes) of streams whose rows the nodes lack: at most `most`, of those
    that were written or subscribed to in the last `seconds`, or of all."""
    lately = [] if seconds is None else [seconds, seconds]
    names = f"SELECT channel AS name FROM {_name('_meta')}" if seconds is None else _LATELY.format(**_TABLES)
    with connections[using].cursor() as cursor:
        cursor.execute(_BEHIND.format(names=names, meta=_name("_meta"), **_TABLES), [*lately, most])
        return [
            (Position(name, epoch, head), Position(name, their_epoch, offset))
            for name, epoch, head, their_epoch, offset in cursor.fetchall()
        ]


# The head moves with the rows, and never expires: a stream without a head would begin at 0 in an epoch of theirs.
_HEADS = """INSERT INTO {meta} (channel, top_offset, epoch, history_ttl, history_size, expires_at, updated_at)
SELECT name, head, epoch, interval '87600 hours', {window}, 'infinity', now()
FROM json_to_recordset(%s) AS h (name text, epoch text, head bigint)
ON CONFLICT (channel) DO {conflict}"""
_MOVED = "UPDATE SET top_offset = EXCLUDED.top_offset, epoch = EXCLUDED.epoch, updated_at = now()"

_ROWS = """INSERT INTO {stream} (channel, channel_offset, epoch, kind, data, tags, shard_id)
SELECT channel, "offset", epoch, 0, convert_to(payload, 'UTF8'), json_build_object('type', type)::jsonb, 0
FROM json_to_recordset(%s) AS r (channel text, "offset" bigint, epoch text, payload text, type text)"""


def begin(start: Position, using: str) -> None:
    """Makes the stream known to the nodes, at this position, if it is not."""
    with connections[using].cursor() as cursor:
        cursor.execute(_HEADS.format(meta=_name("_meta"), window=WINDOW, conflict="NOTHING"), [_json([_head(start)])])


def append(copied: Sequence[Copied], using: str) -> None:
    """Adds rows to streams and moves their heads, inside the open transaction that holds the lock. Wakes the nodes when
    it commits."""
    if not copied:
        return
    rows = [
        {
            "channel": each.head.channel,
            "offset": entry.offset,
            "epoch": each.head.epoch,
            "payload": entry.payload,
            "type": entry.type,
        }
        for each in copied
        for entry in each.entries
    ]
    with connections[using].cursor() as cursor:
        cursor.execute(
            _HEADS.format(meta=_name("_meta"), window=WINDOW, conflict=_MOVED),
            [_json([_head(each.head) for each in copied])],
        )
        cursor.execute(_ROWS.format(stream=_name()), [_json(rows)])
        cursor.execute("SELECT pg_notify(%s, '')", [_name("_notify").strip('"')])


# Rows that our log has rewritten since they were copied: erased texts, in the order of the log.
_ERASED = """UPDATE {stream} c SET data = convert_to(e.payload, 'UTF8'),
    tags = json_build_object('type', e.type)::jsonb
FROM {streams} s JOIN {events} e ON e.stream_id = s.id
WHERE c.channel = s.name AND c.epoch = s.epoch AND c.channel_offset = e."offset" AND c.kind = 0
    AND {which} AND c.data <> convert_to(e.payload, 'UTF8')"""


def follow_erasures(names: Sequence[str], using: str) -> None:
    """Gives the rows of these streams the contents that our log has now."""
    if names:
        with connections[using].cursor() as cursor:
            cursor.execute(_ERASED.format(stream=_name(), which="s.name = ANY(%s)", **_TABLES), [list(names)])


def forget(text: str, using: str) -> None:
    """Gives all rows that show this text, such as the key of an erased account, the contents that our log has now."""
    with connections[using].cursor() as cursor:
        which = "position(convert_to(%s, 'UTF8') in c.data) > 0"
        cursor.execute(_ERASED.format(stream=_name(), which=which, **_TABLES), [text])


_UNREAD = """WITH unread AS (
    DELETE FROM {meta} m WHERE m.updated_at < now() - interval '1 hour'
        AND NOT EXISTS (SELECT 1 FROM {subscriptions} s WHERE s.stream = m.channel)
    RETURNING channel
) DELETE FROM {stream} c USING unread WHERE c.channel = unread.channel"""


def forget_unread(using: str) -> None:
    """Deletes the rows of streams without subscriptions. They are copied anew when a client subscribes."""
    with transaction.atomic(using):
        lock(using)
        with connections[using].cursor() as cursor:
            cursor.execute(_UNREAD.format(meta=_name("_meta"), stream=_name(), **_TABLES))


def _head(position: Position) -> dict[str, object]:
    return {"name": position.channel, "epoch": position.epoch, "head": position.offset}


def _json(rows: list[dict[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()
