"""The rows of Centrifugo's own tables: what the relay reads and writes there.

A node sends the rows of the stream table in the order of their ids, each with the epoch and the offset that it finds
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
from django.db import connections, transaction

from tidewire.centrifugo import broker
from tidewire.centrifugo.broker import table
from tidewire.centrifugo.tables import EdgeMessage, EdgeSubscription
from tidewire.ground.positions import Entry, Position
from tidewire.log.tables import Event, Stream

WINDOW = 300
"""Events of one stream that a client may recover: as many as one frame of Centrifugo holds by default."""
EPHEMERAL = ("", 0)
"""The epoch and offset of a message without a position. A node sends it and recovers it for no client."""
PUBLISHED = 1
"""The version of everything that a client may have published. All streams have it already, so a node whose client was
allowed to publish finds that it has to publish nothing: the relay alone makes rows."""


@dataclass(frozen=True, slots=True)
class Copied:
    """Rows of one stream for the nodes, and the position after them. `is_continuous` when they follow the rows that the
    nodes have."""

    head: Position
    entries: Sequence[Entry]
    is_continuous: bool = True


_TABLES = {
    "streams": f'"{Stream._meta.db_table}"',
    "events": f'"{Event._meta.db_table}"',
    "subscriptions": f'"{EdgeSubscription._meta.db_table}"',
}


def position(stream: str, using: str) -> tuple[Position, float] | None:
    """Returns how far a stream is copied, and how many seconds ago its last rows were. None when it is not known to the
    nodes, because no client has subscribed to it."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT epoch, top_offset, extract(epoch FROM clock_timestamp() - updated_at) "
            f"FROM {table('_meta')} WHERE channel = %s",
            [stream],
        )
        row = cursor.fetchone()
    return None if row is None else (Position(stream, row[0], row[1]), float(row[2]))


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
    names = f"SELECT channel AS name FROM {table('_meta')}" if seconds is None else _LATELY.format(**_TABLES)
    with connections[using].cursor() as cursor:
        cursor.execute(_BEHIND.format(names=names, meta=table("_meta"), **_TABLES), [*lately, most])
        return [
            (Position(name, epoch, head), Position(name, their_epoch, offset))
            for name, epoch, head, their_epoch, offset in cursor.fetchall()
        ]


# The head moves with the rows, and never expires: a stream without a head would begin at 0 in an epoch of theirs.
_HEADS = """INSERT INTO {meta}
    (channel, top_offset, epoch, history_ttl, history_size, top_version, expires_at, updated_at)
SELECT name, head, epoch, interval '87600 hours', {window}, {published}, 'infinity', clock_timestamp()
FROM json_to_recordset(%s) AS h (name text, epoch text, head bigint)
ON CONFLICT (channel) DO {conflict}"""
_MOVED = """UPDATE SET top_offset = EXCLUDED.top_offset, epoch = EXCLUDED.epoch,
    top_version = EXCLUDED.top_version, updated_at = EXCLUDED.updated_at"""

_ROWS = """INSERT INTO {stream} (channel, channel_offset, epoch, kind, data, tags, shard_id)
SELECT channel, "offset", epoch, 0, convert_to(payload, 'UTF8'), json_build_object('type', type)::jsonb, 0
FROM json_to_recordset(%s) AS r (channel text, "offset" bigint, epoch text, payload text, type text)"""


def begin(start: Position, using: str) -> None:
    """Makes the stream known to the nodes, at this position, if it is not."""
    _move([start], using, "NOTHING")


def _move(heads: Iterable[Position], using: str, conflict: str) -> None:
    statement = _HEADS.format(meta=table("_meta"), window=WINDOW, published=PUBLISHED, conflict=conflict)
    with connections[using].cursor() as cursor:
        cursor.execute(statement, [_json([_head(head) for head in heads])])


def takes_publishes(stream: str, using: str) -> bool:
    """Returns whether a node that is answered PUBLISHED about a publish in this stream publishes nothing."""
    with connections[using].cursor() as cursor:
        cursor.execute(f"SELECT top_version FROM {table('_meta')} WHERE channel = %s", [stream])
        return cursor.fetchone() == (PUBLISHED,)


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
    _move([each.head for each in copied], using, _MOVED)
    _forget_before([each.head for each in copied if not each.is_continuous], using)
    with connections[using].cursor() as cursor:
        cursor.execute(_ROWS.format(stream=table()), [_json(rows)])
    broker.wake(using)


_BEFORE = """DELETE FROM {stream} c USING json_to_recordset(%s) AS h (name text, epoch text)
WHERE c.channel = h.name AND c.epoch = h.epoch AND c.kind = 0"""


def _forget_before(heads: Sequence[Position], using: str) -> None:
    """Deletes the rows of these streams in these epochs. A node that recovers looks at the first and the last row, and
    would not see a hole between them."""
    if heads:
        with connections[using].cursor() as cursor:
            cursor.execute(_BEFORE.format(stream=table()), [_json([_head(head) for head in heads])])


_EPHEMERAL_ROWS = """INSERT INTO {stream} (epoch, channel_offset, kind, shard_id, channel, client_id, user_id, data)
SELECT %s, %s, 0, 0, channel, client, "user", convert_to(payload, 'UTF8')
FROM json_to_recordset(%s) AS r (channel text, client text, "user" text, payload text)"""


def append_ephemeral(messages: Sequence[EdgeMessage], using: str) -> None:
    """Adds rows without a position, inside the open transaction that holds the lock. Wakes the nodes at COMMIT."""
    rows: list[dict[str, object]] = [
        {"channel": each.stream, "client": each.client, "user": each.user, "payload": each.data} for each in messages
    ]
    with connections[using].cursor() as cursor:
        cursor.execute(_EPHEMERAL_ROWS.format(stream=table()), [*EPHEMERAL, _json(rows)])
    broker.wake(using)


def forget_ephemeral(names: Iterable[str], seconds: float, using: str) -> None:
    """Deletes the rows without a position of these streams that are older than `seconds`."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table()} WHERE kind = 0 AND epoch = %s AND channel_offset = %s AND channel = ANY(%s) "
            "AND created_at < clock_timestamp() - make_interval(secs => %s)",
            [*EPHEMERAL, list(names), seconds],
        )


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
            cursor.execute(_ERASED.format(stream=table(), which="s.name = ANY(%s)", **_TABLES), [list(names)])


def forget(text: str, using: str) -> None:
    """Gives all rows that show this text, such as the key of an erased account, the contents that our log has now."""
    with connections[using].cursor() as cursor:
        which = "position(convert_to(%s, 'UTF8') in c.data) > 0"
        cursor.execute(_ERASED.format(stream=table(), which=which, **_TABLES), [text])


_HIDDEN = """DELETE FROM {stream} c USING (
    SELECT channel, epoch, max(channel_offset) AS last FROM {stream}
    WHERE kind = 0 AND position(convert_to(%s, 'UTF8') in data) > 0 GROUP BY channel, epoch
) h WHERE c.channel = h.channel AND c.epoch = h.epoch AND c.kind = 0 AND c.channel_offset <= h.last"""


def hide(user: str, using: str) -> None:
    """Deletes all rows that name this user, and those before them in their streams, which would end in a hole."""
    with connections[using].cursor() as cursor:
        cursor.execute(_HIDDEN.format(stream=table()), [f'"id":"{user}"'])


_UNREAD = """WITH unread AS (
    DELETE FROM {meta} m WHERE m.updated_at < now() - interval '1 hour'
        AND NOT EXISTS (SELECT 1 FROM {subscriptions} s WHERE s.stream = m.channel)
    RETURNING channel
) DELETE FROM {stream} c USING unread WHERE c.channel = unread.channel"""


def forget_unread(using: str) -> None:
    """Deletes the rows of streams without subscriptions. They are copied anew when a client subscribes."""
    with transaction.atomic(using):
        broker.lock(using)
        with connections[using].cursor() as cursor:
            cursor.execute(_UNREAD.format(meta=table("_meta"), stream=table(), **_TABLES))


def _head(position: Position) -> dict[str, object]:
    return {"name": position.channel, "epoch": position.epoch, "head": position.offset}


def _json(rows: list[dict[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()
