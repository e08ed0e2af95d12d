"""Roll-ups: the samples of each minute and of each hour, summed up when they are written.

A long range is read from them, so it costs what its steps cost and not what its samples cost. `min`, `max`, `last` and
`count` are those of the samples; `avg` differs from theirs by the rounding of a sum only. They are written with the
samples, in one order, so writers of one metric wait for each other for a moment and never in a circle.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import connections, models

from tidewire import PreparedStatement

SECOND = 1_000_000
UNITS = (60 * SECOND, 3600 * SECOND)
"""The units of the roll-ups in microseconds, the smaller one first. Each divides the next."""

MAX_READ = 200_000
"""Samples that one request for steps reads one by one: about 0.1 s."""

Piece = tuple[int, int, int, int]
"""(bucket, unit or 0 for samples, from, to): a part of a bucket, and what it is read from."""


class TooManySamplesError(Exception):
    """A range in such steps would have to be read sample by sample, and has more than MAX_READ of them."""


class RollUp(models.Model):
    """All samples of one series in one minute or hour, which begins at `at`. Times are in microseconds since 1970."""

    pk = models.CompositePrimaryKey("series_id", "unit", "at")
    series = models.ForeignKey(
        "api.Series", on_delete=models.CASCADE, related_name="rollups", db_index=False, db_constraint=False
    )
    unit = models.BigIntegerField()
    at = models.BigIntegerField()
    low = models.FloatField()
    high = models.FloatField()
    total = models.FloatField()
    count = models.BigIntegerField()
    last_at = models.BigIntegerField()
    last = models.FloatField()

    def __str__(self) -> str:
        return f"{self.count} at {self.at}"


@dataclass(slots=True)
class Sum:
    """What some samples amount to."""

    low: float
    high: float
    total: float
    count: int
    last_at: int
    last: float

    def add(self, other: Sum) -> None:
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self.total += other.total
        self.count += other.count
        if other.last_at >= self.last_at:
            self.last_at, self.last = other.last_at, other.last


# -- write ---------------------------------------------------------------------------------------------------------


def add(series: int, points: Iterable[tuple[int, float]], using: str) -> None:
    """Adds new samples of one series, each (time, value), to its roll-ups, inside the open transaction.

    The roll-ups are locked until it ends, in the order of their units and times.
    """
    found: dict[tuple[int, int], Sum] = {}
    for at, value in points:
        for unit in UNITS:
            key, one = (unit, at - at % unit), Sum(value, value, value, 1, at, value)
            if key in found:
                found[key].add(one)
            else:
                found[key] = one
    _upsert([(series, *key, *_values(found[key])) for key in sorted(found)], using)


def _values(found: Sum) -> tuple[Any, ...]:
    return found.low, found.high, found.total, found.count, found.last_at, found.last


_COLUMNS = "series_id, unit, at, low, high, total, count, last_at, last"
_MERGE = """ON CONFLICT (series_id, unit, at) DO UPDATE SET
    low = {least}(r.low, excluded.low), high = {greatest}(r.high, excluded.high),
    total = r.total + excluded.total, count = r.count + excluded.count,
    last = CASE WHEN excluded.last_at >= r.last_at THEN excluded.last ELSE r.last END,
    last_at = {greatest}(r.last_at, excluded.last_at)"""
_ARRAYS = (*["bigint[]"] * 3, *["double precision[]"] * 3, *["bigint[]"] * 2, "double precision[]")
ROWS_AT_ONCE = 100
"""Rows of one INSERT on SQLite: nine parameters each."""


def _upsert(rows: list[tuple[Any, ...]], using: str) -> None:
    connection = connections[using]
    if connection.vendor == "postgresql":
        _statement().run_with_next(connection, [list(column) for column in zip(*rows, strict=True)])
        return
    merge = _MERGE.format(least="MIN", greatest="MAX")
    with connection.cursor() as cursor:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[start : start + ROWS_AT_ONCE]
            places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(some))
            cursor.execute(
                f"INSERT INTO api_rollup AS r ({_COLUMNS}) VALUES {places} {merge}", [v for row in some for v in row]
            )


@cache
def _statement() -> PreparedStatement:
    """PostgreSQL's: the rows come as arrays, one for each column."""
    merge = _MERGE.format(least="LEAST", greatest="GREATEST")
    arrays = ", ".join(f"%s::{type}" for type in _ARRAYS)
    rows = f"SELECT * FROM unnest({arrays})"
    return PreparedStatement(f"INSERT INTO api_rollup AS r ({_COLUMNS}) {rows} {merge}", _ARRAYS)


_FROM_SAMPLES = """INSERT INTO api_rollup ({columns})
SELECT b.series_id, {unit}, b.start, b.low, b.high, b.total, b.n, b.last_at, s.value
FROM (
    SELECT series_id, at - at % {unit} AS start, MIN(value) AS low, MAX(value) AS high, SUM(value) AS total,
        COUNT(*) AS n, MAX(at) AS last_at
    FROM api_sample WHERE {condition} GROUP BY 1, 2
) b JOIN api_sample s ON s.series_id = b.series_id AND s.at = b.last_at"""


def rebuild(using: str) -> None:
    """Makes all roll-ups anew from the samples. For samples that were written another way than by `Series.append`."""
    with connections[using].cursor() as cursor:
        cursor.execute("DELETE FROM api_rollup")
        for unit in UNITS:
            cursor.execute(_FROM_SAMPLES.format(columns=_COLUMNS, unit=unit, condition="1 = 1"))


def lock_until(series: int, end: int, using: str) -> None:
    """Locks the roll-ups that begin before `end`, before samples in them are deleted: see `forget_until`."""
    rows = RollUp.objects.using(using).filter(series=series, at__lt=end)
    list(rows.order_by("unit", "at").select_for_update().values_list("at"))


def forget_until(series: int, end: int, using: str) -> None:
    """Takes the samples before `end`, which have just been deleted, out of the roll-ups. Call it after `lock_until`."""
    RollUp.objects.using(using).filter(series=series, at__lt=end).delete()
    with connections[using].cursor() as cursor:
        for unit in UNITS:
            start = end - end % unit
            condition = f"series_id = {series:d} AND at >= {start:d} AND at < {start + unit:d}"
            if start < end:
                cursor.execute(_FROM_SAMPLES.format(columns=_COLUMNS, unit=unit, condition=condition))


# -- read ----------------------------------------------------------------------------------------------------------


def sums(series: int, start: int, end: int, step: int, using: str) -> dict[int, Sum]:
    """Returns the sums of the steps from `start` to `end`, which are multiples of `step`, by where they begin. Steps
    without samples are left out. Raises TooManySamplesError."""
    if step < UNITS[0]:
        pieces = [(bucket, 0, bucket, bucket + step) for bucket in range(start, end, step)]
    else:
        pieces = [piece for bucket in range(start, end, step) for piece in _pieces(bucket, bucket, bucket + step)]
    _check_size(series, [(begin, stop) for _, unit, begin, stop in pieces if not unit], using)
    found: dict[int, Sum] = {}
    for unit in (0, *UNITS):
        for bucket, one in _read(series, unit, [piece for piece in pieces if piece[1] == unit], using):
            if bucket in found:
                found[bucket].add(one)
            else:
                found[bucket] = one
    return dict(sorted(found.items()))


def _pieces(bucket: int, begin: int, stop: int, units: Sequence[int] = UNITS[::-1]) -> Iterator[Piece]:
    """Yields the parts of a bucket: whole hours, at their sides whole minutes, and at their sides samples."""
    if begin >= stop:
        return
    if not units:
        yield bucket, 0, begin, stop
        return
    unit, *smaller = units
    first, last = -(-begin // unit) * unit, stop // unit * unit
    if first >= last:
        yield from _pieces(bucket, begin, stop, smaller)
        return
    yield from _pieces(bucket, begin, first, smaller)
    yield bucket, unit, first, last
    yield from _pieces(bucket, last, stop, smaller)


def _check_size(series: int, ranges: list[tuple[int, int]], using: str) -> None:
    """Raises TooManySamplesError when the minutes of these ranges have more than MAX_READ samples."""
    if not ranges:
        return
    minute = UNITS[0]
    spans: list[list[int]] = []
    for begin, stop in ranges:
        begin, stop = begin - begin % minute, -(-stop // minute) * minute
        if spans and begin <= spans[-1][1]:
            spans[-1][1] = max(stop, spans[-1][1])
        else:
            spans.append([begin, stop])
    with connections[using].cursor() as cursor:
        params = {"series": series, "unit": minute, "spans": json.dumps(spans)}
        cursor.execute(_COUNT[connections[using].vendor], params)
        if (cursor.fetchone()[0] or 0) > MAX_READ:
            raise TooManySamplesError


_COUNT = {
    "postgresql": """SELECT SUM(r.count) FROM json_array_elements(%(spans)s) s JOIN api_rollup r
        ON r.series_id = %(series)s AND r.unit = %(unit)s
        AND r.at >= (s.value->>0)::bigint AND r.at < (s.value->>1)::bigint""",
    "sqlite": """SELECT SUM(r.count) FROM json_each(%(spans)s) s CROSS JOIN api_rollup r
        ON r.series_id = %(series)s AND r.unit = %(unit)s
        AND r.at >= json_extract(s.value, '$[0]') AND r.at < json_extract(s.value, '$[1]')""",
}


def _read(series: int, unit: int, pieces: list[Piece], using: str) -> Iterable[tuple[int, Sum]]:
    """Yields (bucket, sum) of those of these pieces, all of one unit, that have samples. One statement."""
    if not pieces:
        return
    connection = connections[using]
    rows = json.dumps([[bucket, begin, stop] for bucket, _, begin, stop in pieces])
    template = READ[connection.vendor]
    source = template["samples" if unit == 0 else "rollups"].format(series=f"{series:d}", unit=f"{unit:d}")
    with connection.cursor() as cursor:
        cursor.execute(source, [rows])
        for bucket, *values in cursor.fetchall():
            if connection.vendor == "postgresql":
                yield bucket, Sum(*values)
            elif values[-1] is not None:
                yield bucket, _of_text(*values)


def _of_text(text: str, last_at: int, last: float) -> Sum:
    low, high, total, count = text.split()
    return Sum(float(low), float(high), float(total), int(count), last_at, last)


# PostgreSQL aggregates each piece beside its row. SQLite returns one value from a subquery, so there the aggregates are
# printed into one text; 17 digits hold a double exactly. It reads each piece by itself, because for GROUP BY it would
# sort the rows, which takes five times as long as reading them.
_POSTGRESQL = """SELECT p.bucket, a.low, a.high, a.total, a.n, a.last_at, l.last
FROM (SELECT (e.value->>0)::bigint AS bucket, (e.value->>1)::bigint AS begin, (e.value->>2)::bigint AS stop
    FROM json_array_elements(%s) e) p
CROSS JOIN LATERAL ({aggregate}) a CROSS JOIN LATERAL ({latest}) l"""
_SQLITE = """SELECT p.bucket, ({aggregate}), ({latest_at}), ({latest})
FROM (SELECT json_extract(value, '$[0]') AS bucket, json_extract(value, '$[1]') AS begin,
    json_extract(value, '$[2]') AS stop FROM json_each(%s)) p"""
_IN_PIECE = "series_id = {series} AND at >= p.begin AND at < p.stop"
_OF_UNIT = "unit = {unit} AND " + _IN_PIECE

READ = {
    "postgresql": {
        "samples": _POSTGRESQL.format(
            aggregate="SELECT MIN(value) AS low, MAX(value) AS high, SUM(value) AS total, COUNT(*) AS n, "
            f"MAX(at) AS last_at FROM api_sample WHERE {_IN_PIECE}",
            latest=f"SELECT value AS last FROM api_sample WHERE {_IN_PIECE} ORDER BY at DESC LIMIT 1",
        ),
        "rollups": _POSTGRESQL.format(
            aggregate="SELECT MIN(low) AS low, MAX(high) AS high, SUM(total) AS total, SUM(count)::bigint AS n, "
            f"MAX(last_at) AS last_at FROM api_rollup WHERE {_OF_UNIT}",
            latest=f"SELECT last FROM api_rollup WHERE {_OF_UNIT} ORDER BY at DESC LIMIT 1",
        ),
    },
    "sqlite": {
        "samples": _SQLITE.format(
            aggregate="SELECT printf('%%!.17g %%!.17g %%!.17g %%d', MIN(value), MAX(value), SUM(value), COUNT(*)) "
            f"FROM api_sample WHERE {_IN_PIECE}",
            latest_at=f"SELECT at FROM api_sample WHERE {_IN_PIECE} ORDER BY at DESC LIMIT 1",
            latest=f"SELECT value FROM api_sample WHERE {_IN_PIECE} ORDER BY at DESC LIMIT 1",
        ),
        "rollups": _SQLITE.format(
            aggregate="SELECT printf('%%!.17g %%!.17g %%!.17g %%d', MIN(low), MAX(high), SUM(total), SUM(count)) "
            f"FROM api_rollup WHERE {_OF_UNIT}",
            latest_at=f"SELECT last_at FROM api_rollup WHERE {_OF_UNIT} ORDER BY at DESC LIMIT 1",
            latest=f"SELECT last FROM api_rollup WHERE {_OF_UNIT} ORDER BY at DESC LIMIT 1",
        ),
    },
}
