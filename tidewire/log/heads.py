"""The heads of streams: where they stand, and which were written to lately.

Every function is synchronous and reads the database of its alias, by default the one that holds the log.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import connections

from tidewire.ground.positions import Position
from tidewire.log.database import ago_sql, log_alias, now_sql
from tidewire.log.tables import Stream, new_epoch
from tidewire.queries.prepared_query import PreparedQuery
from tidewire.queries.shared_read import SharedRead


def position(name: str, using: str | None = None) -> Position:
    """Returns where a stream stands now. A stream without events is created, so that its epoch is fixed."""
    return positions([name], using)[name]


def shared_position(name: str, using: str | None = None) -> Position:
    """Returns what `position` does. Requests that ask at the same time share the query."""
    return _POSITIONS.get(name, using or log_alias(), lambda: position(name, using))


_POSITIONS = SharedRead[Position]()


def positions(names: Collection[str], using: str | None = None) -> dict[str, Position]:
    """Returns where these streams stand now, by their names.

    One query; two more where streams have to be created first.
    """
    found = existing(names, using)
    missing = [name for name in names if name not in found]
    if missing:
        _create(missing, using or log_alias())
        found |= existing(missing, using)
    return found


def existing(names: Collection[str], using: str | None = None) -> dict[str, Position]:
    """Returns the positions of those of these streams that exist, by their names."""
    if not names:
        return {}
    using = using or log_alias()
    is_one = len(names) == 1  # as in most requests and subscribes
    rows = _BY_NAME.all(using, *names) if is_one else Stream.objects.using(using).filter(name__in=list(names))
    return {row.name: Position(row.name, row.epoch, row.head, row.generation) for row in rows}


_BY_NAME = PreparedQuery(lambda name: Stream.objects.filter(name=name))


def _create(names: Collection[str], using: str) -> None:
    """Inserts the streams that do not exist yet, in the order of their names."""
    connection = connections[using]
    now = now_sql(connection.vendor)
    table = connection.ops.quote_name(Stream._meta.db_table)
    rows = ", ".join([f"(%s, %s, 0, {now})"] * len(names))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (name, epoch, head, touched_at) VALUES {rows} ON CONFLICT (name) DO NOTHING",
            [value for name in sorted(names) for value in (name, new_epoch())],
        )


def touched(seconds: float, using: str | None = None) -> dict[str, Position]:
    """Returns the positions of the streams written to in the last `seconds`, by the database's clock."""
    using = using or log_alias()
    connection = connections[using]
    table = connection.ops.quote_name(Stream._meta.db_table)
    statement = f"SELECT name, epoch, head FROM {table} WHERE touched_at > {ago_sql(connection.vendor)}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [seconds])
        return {name: Position(name, epoch, head) for name, epoch, head in cursor.fetchall()}
