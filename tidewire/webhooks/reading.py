"""Reads what positions go on with: their streams, the next events, and whether the owners may read them.

The order matters. Heads are read before events, and access after them: an event that was written after the access had
ended is never sent, because the access that is found is younger than every event that was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connections

from tidewire.engine import access
from tidewire.log import pages
from tidewire.log.tables import Event, HiddenUser, Stream
from tidewire.webhooks.leases import as_time
from tidewire.webhooks.messages import LoggedEvent
from tidewire.webhooks.tables import SCANNED, WebhookEndpoint, WebhookPosition


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read for some positions, by their keys."""

    streams: dict[int, Stream]
    events: dict[int, list[LoggedEvent]]
    hidden: frozenset[int]
    """Positions whose next events name an account that is just being erased."""
    readable: dict[str, set[str]]
    """{owner: names of streams}"""


def read(positions: Sequence[WebhookPosition], endpoints: Mapping[UUID, WebhookEndpoint], using: str) -> Reading:
    """Returns what these positions go on with. Their endpoints must be among `endpoints`."""
    streams = Stream.objects.using(using).in_bulk({position.stream_id for position in positions})
    wanted = [(row.pk, row.stream_id, row.offset, _last(row, endpoints[row.endpoint_id])) for row in positions]
    events = events_between(wanted, using)
    hidden = _hidden(positions, streams, events, using)
    names: dict[str, set[str]] = {}
    for position in positions:
        owner = endpoints[position.endpoint_id].owner
        names.setdefault(owner, set()).add(streams[position.stream_id].name)
    readable = dict(zip(names, access.permitted_all(list(names.items())), strict=True))
    return Reading(streams, events, hidden, readable)


def _last(position: WebhookPosition, endpoint: WebhookEndpoint) -> int:
    if position.message_id and position.until > position.offset:
        return position.until
    return position.offset + (SCANNED if endpoint.types else endpoint.max_events)


def events_between(wanted: Sequence[tuple[int, int, int, int]], using: str) -> dict[int, list[LoggedEvent]]:
    """Returns {key: events, in order} for each (key, stream id, offset before the first, last offset). One query."""
    if not wanted:
        return {}
    connection = connections[using]
    places = ", ".join(f"({key:d}, {stream:d}, {after:d}, {last:d})" for key, stream, after, last in wanted)
    # CROSS JOIN: SQLite then begins with the places, which are few.
    statement = (
        f"WITH wanted (k, stream, after, last) AS (VALUES {places}) "
        f'SELECT k, e.id, e."offset", e.type, e.at, e.payload FROM wanted CROSS JOIN "{Event._meta.db_table}" e '
        f'WHERE e.stream_id = stream AND e."offset" > after AND e."offset" <= last ORDER BY k, e."offset"'
    )
    found: dict[int, list[LoggedEvent]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [])
        for key, id, offset, type, at, payload in cursor.fetchall():
            id = id if isinstance(id, UUID) else UUID(id)
            found.setdefault(key, []).append(LoggedEvent(id, offset, type, as_time(at), payload))
    return found


def _hidden(
    positions: Sequence[WebhookPosition],
    streams: Mapping[int, Stream],
    events: Mapping[int, list[LoggedEvent]],
    using: str,
) -> frozenset[int]:
    """Returns the positions whose events readers of the log do not see now. They wait until the erasure is done."""
    if not HiddenUser.objects.using(using).exists():
        return frozenset()
    found = set()
    for position in positions:
        mine = events.get(position.pk)
        if mine:
            page = pages.read_after(streams[position.stream_id].name, mine[0].offset - 1, len(mine), using)
            if not page.entries or page.entries[0].offset != mine[0].offset:
                found.add(position.pk)
    return frozenset(found)


def first_kept(stream: Stream, using: str) -> int:
    """Returns the offset after which the first event stands that the log still has; the head where it has none."""
    events = Event.objects.using(using).filter(stream=stream).order_by("offset")
    first = events.values_list("offset", flat=True).first()
    return stream.head if first is None else first - 1
