"""Reads what is to be published: streams that have moved on, their next events, and the last states of objects."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import F, Q
from django.utils import timezone

from tidewire.declare.registry import registry
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.positions import PAGE_EVENTS, Entry
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import commits, heads, pages
from tidewire.log.database import ago_sql, log_alias
from tidewire.log.tables import Event, Stream
from tidewire.mqtt.tables import MqttPosition

STREAMS = 64
"""Streams that are read in one round."""
LOOKED_AT = 100
"""Streams whose oldest event is looked at for the gauges."""


@dataclass(frozen=True, slots=True)
class Signs:
    """What shows that something was written, at the price of one small query."""

    touched_at: Any = None
    data_version: int = 0


def look(earlier: Signs) -> Signs:
    """Returns the present signs. On SQLite reads nothing unless another connection has committed since `earlier`, which
    is what this thread returned last."""
    connection = connections[log_alias()]
    data_version = 0
    if connection.vendor == "sqlite":
        data_version = commits.data_version(connection.alias)
        if data_version == earlier.data_version:
            return earlier
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT max(touched_at) FROM "{Stream._meta.db_table}"')
        return Signs(cursor.fetchone()[0], data_version)


@dataclass(frozen=True, slots=True)
class Run:
    """The next events of a stream. `lost` says that they do not go on from where the last ones ended: the log begins
    later, or the stream has a new epoch. `objects` are those of the events whose state is retained, by offset. `is_new`
    says that nothing of the stream was published before."""

    stream: str
    stream_id: int
    epoch: str
    until: int
    entries: tuple[Entry, ...] = ()
    objects: dict[int, str] = field(default_factory=dict)
    lost: bool = False
    has_more: bool = False
    is_new: bool = False

    @property
    def begin(self) -> int:
        """The offset after which it begins."""
        return self.entries[0].offset - 1 if self.entries else self.until


def begin() -> None:
    """Gives all streams that exist when the first bridge starts a position at their heads: what was written before is
    not published. Streams that are made later begin with their first event."""
    using = log_alias()
    revocations = heads.position(REVOCATIONS, using)  # exists from now on, and so does its position: the mark
    if MqttPosition.objects.using(using).filter(stream__name=revocations.channel).exists():
        return
    rows = Stream.objects.using(using).only("pk", "epoch", "head", "name").iterator()
    positions = [_position(row.pk, row.epoch, row.head, row.head) for row in rows if _is_wanted(row)]
    MqttPosition.objects.using(using).bulk_create(positions, batch_size=500, ignore_conflicts=True)


def _is_wanted(stream: Stream) -> bool:
    kind = registry.kind_of(stream.name)
    return stream.name == REVOCATIONS or (kind is not None and kind.is_on_mqtt)


_BEHIND = """SELECT s.id, s.name, s.epoch, p.epoch, p."offset" FROM {streams} s
LEFT JOIN {positions} p ON p.stream_id = s.id
WHERE s.head > 0 AND (p.stream_id IS NULL OR p."offset" <> s.head OR p.epoch <> s.epoch) AND ({kinds}) {touched}
ORDER BY s.touched_at LIMIT %s"""


def behind(*, only_touched: bool = False, most: int = STREAMS) -> list[Run]:
    """Returns the next events of streams that have moved on, the longest ago first, for at most `most` of them. With
    `only_touched` looks at streams that were written to lately."""
    using = log_alias()
    connection = connections[using]
    kinds = sorted(name for name, kind in registry.kinds.items() if kind.is_on_mqtt)
    if not kinds:
        return []
    statement = _BEHIND.format(
        streams=f'"{Stream._meta.db_table}"',
        positions=f'"{MqttPosition._meta.db_table}"',
        kinds=" OR ".join(["s.name LIKE %s"] * len(kinds)),
        touched=f"AND s.touched_at > {ago_sql(connection.vendor)}" if only_touched else "",
    )
    parameters: list[Any] = [f"{kind}:%" for kind in kinds]
    parameters += [conf.TOUCHED_SECONDS] if only_touched else []
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, most])
        rows = cursor.fetchall()
    return [_run(Place(*row), using) for row in rows]


@dataclass(frozen=True, slots=True)
class Place:
    """A stream that has moved on, and the position that was published; None where none was."""

    id: int
    stream: str
    epoch: str
    published_epoch: str | None
    published: int | None


def _run(place: Place, using: str) -> Run:
    """Returns the next events of a stream. A stream without a position begins with the first event that the log has."""
    is_known = place.published_epoch == place.epoch
    after = (place.published or 0) if is_known else 0
    page = pages.read_after(place.stream, after, PAGE_EVENTS, using)
    head, entries = page.head, tuple(page.entries)
    if place.published_epoch is not None and (head.epoch != place.published_epoch or head.offset < after):
        return Run(place.stream, place.id, head.epoch, head.offset, lost=True)
    if not entries:
        return Run(place.stream, place.id, head.epoch, head.offset, lost=head.offset > after)
    is_lost = entries[0].offset != after + 1
    until = entries[-1].offset
    objects = _objects(place, entries, using)
    has_more, is_new = head.offset > until, place.published is None
    return Run(place.stream, place.id, head.epoch, until, entries, objects, is_lost, has_more, is_new)


def _objects(place: Place, entries: Collection[Entry], using: str) -> dict[int, str]:
    """Returns {offset: object} of the events that change what is retained."""
    offsets = [entry.offset for entry in entries if changes_state(place.stream, entry.type)]
    rows = Event.objects.using(using).filter(stream=place.id, offset__in=offsets)
    return dict(rows.values_list("offset", "object")) if offsets else {}


def changes_state(stream: str, type: str) -> bool:
    """Returns whether an event of this type changes what the broker retains of an object."""
    kind = registry.kind_of(stream)
    if kind is None or not kind.retained:
        return False
    return type in kind.retained or registry.is_deletion(stream, type)


def states(
    after: int, limit: int, only: Collection[str] | None = None
) -> tuple[list[tuple[str, str, Entry, str]], int | None]:
    """Returns (stream, object, event, epoch) of what is retained, of the next `limit` streams after the key `after`, or
    of those among them that `only` names; and the key of the last of them, None where there are no more. For a broker
    that has lost what it retained."""
    using = log_alias()
    kinds = [name for name, kind in registry.kinds.items() if kind.retained]
    wanted = Q(*(Q(name__startswith=f"{kind}:") for kind in kinds), _connector=Q.OR)
    streams = list(Stream.objects.using(using).filter(wanted, pk__gt=after).order_by("pk")[:limit]) if kinds else []
    found: list[tuple[str, str, Entry, str]] = []
    for stream in streams if only is None else [stream for stream in streams if stream.name in only]:
        kind = registry.kind_of(stream.name)
        types = {*(kind.retained if kind else ()), *_deletions(stream.name)}
        last: dict[tuple[str, str], Entry] = {}
        rows = Event.objects.using(using).filter(stream=stream, type__in=types).order_by("offset")
        fields = ("offset", "ends_access", "type", "payload", "object")
        for offset, ends_access, type, payload, object in rows.values_list(*fields).iterator():
            if registry.is_deletion(stream.name, type):
                last = {key: entry for key, entry in last.items() if key[0] != object}
            else:
                last[object, type.partition(".")[0]] = Entry(offset, ends_access, type, payload)
        found += [(stream.name, object, entry, stream.epoch) for (object, _), entry in last.items()]
    return found, streams[-1].pk if len(streams) == limit else None


def _deletions(stream: str) -> set[str]:
    kind = stream.partition(":")[0]
    return {type for name, type in registry.deletions if name == kind}


def store(runs: Collection[Run], safe: Collection[int]) -> None:
    """Stores that the broker has confirmed these events, and up to which offset it has saved those of each."""
    now = timezone.now()
    pairs = zip(runs, safe, strict=True)
    rows = [_position(run.stream_id, run.epoch, run.until, safe_offset, now) for run, safe_offset in pairs]
    MqttPosition.objects.using(log_alias()).bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["stream"],
        update_fields=["epoch", "offset", "safe_offset", "at"],
    )


def rewind() -> None:
    """Goes back to what the broker has certainly saved: it may be here again after a crash."""
    since = timezone.now() - timedelta(seconds=conf.MQTT_SAVE_SECONDS)
    rows = MqttPosition.objects.using(log_alias()).filter(at__gt=since, offset__gt=F("safe_offset"))
    rows.update(offset=F("safe_offset"))


def _position(stream_id: int, epoch: str, offset: int, safe: int, at: datetime | None = None) -> MqttPosition:
    return MqttPosition(stream_id=stream_id, epoch=epoch, offset=offset, safe_offset=safe, at=at)


def revocations_head() -> int:
    return heads.position(REVOCATIONS).offset


def lag() -> tuple[int, float]:
    """Returns how many streams have events that the broker has not confirmed, and the age of the oldest in seconds. Of
    more than LOOKED_AT streams, only as many are looked at."""
    runs = behind(most=LOOKED_AT)
    firsts = [run.entries[0].payload for run in runs if run.entries]
    ages = [time.time() - datetime.fromisoformat(json.loads(payload)["at"]).timestamp() for payload in firsts]
    return len(runs), max([0.0, *ages])


def has_begun() -> bool:
    """Returns whether there ever was a bridge."""
    return MqttPosition.objects.using(log_alias()).exists()


def measure() -> None:
    """Sets the gauges of what `lag` returns."""
    streams, seconds = lag()
    metrics.mqtt_behind.set(streams)
    metrics.mqtt_lag.set(seconds)
