"""Erased means erased: what was deleted leaves the log too.

An erased event keeps its offset, its id and its time, so that the log stays gapless, and becomes the deletion event of
its object. A client that replays it removes an object that it never had, which is harmless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import msgspec
from django.db import connections
from django.db.models import F, Value
from django.db.models.functions import Replace

from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.jobs.slices import job, start_job
from tidewire.log.building import Encoded, to_json
from tidewire.log.tables import DelayedEvent, ErasureClock, Event, HiddenUser, Stream

BATCH = 500
"""How many deletions one statement carries out, and how many events of an ended stream one transaction rewrites."""
LONG_STREAM = 1_000
"""Above this offset an ended stream is rewritten in slices."""
ERASE_STREAM = "erase_stream"

Eraser = Callable[[list[RecordedEvent], str], None]
"""`(deletions, using)` erases an application's own copies of what these deletion events delete."""

_erasers: list[Eraser] = []


def on_erasure(eraser: Eraser) -> Eraser:
    """Has `eraser(deletions, using)` called with the deletion events of each transaction, inside it.

    For an application that keeps copies of what it shows. Can be used as a decorator.
    """
    _erasers.append(eraser)
    return eraser


def is_erasing(encoded: list[Encoded]) -> bool:
    """Returns whether `erase_deleted` will run statements once these events have their places."""
    return any(registry.is_deletion(event.draft.stream, event.draft.type) for event in encoded)


def erase_deleted(recorded: list[RecordedEvent], using: str) -> None:
    """Turns the earlier events of everything deleted in this transaction into its deletion event.

    Runs one statement for each BATCH of deletions, because the streams are locked meanwhile.
    """
    deletions = [event for event in recorded if registry.is_deletion(event.stream, event.type)]
    ends: list[RecordedEvent] = []
    others: list[RecordedEvent] = []
    for event in deletions:
        (ends if registry.ends_stream(event.stream, event.type) else others).append(event)
    for batch in _batches([(event.stream, event.object, event) for event in others]):
        _rewrite(batch, _SAME_OBJECT, using)
    # Where the stream ended, all its events are rewritten. It has no other deletion event in this transaction.
    for batch in _batches([(event.stream, "", event) for event in ends if event.offset <= LONG_STREAM]):
        _rewrite(batch, _SAME_STREAM, using)
    # A long one is rewritten by a job. No client reads it meanwhile: access ended with the row that owned the stream.
    for event in ends:
        if event.offset > LONG_STREAM:
            start_job(ERASE_STREAM, event.stream, using)
    for erase in _erasers if deletions else ():
        erase(deletions, using)


@job(ERASE_STREAM)
def erase_stream(name: str, progress: str, using: str) -> str | None:
    """Rewrites the next BATCH events of a stream that has ended. The progress is the last offset that was rewritten.

    At the end erasers are called once more, for copies that were made of events which were not rewritten yet.
    """
    events = Event.objects.using(using).filter(stream__name=name)
    ends = [type for kind, type in registry.stream_ends if kind == name.partition(":")[0]]
    last = events.filter(type__in=ends).order_by("-offset").first()
    first = events.filter(offset__gt=int(progress or 0)).order_by("offset").first()
    if last is None:
        return None
    until = last.offset if first is None else min(first.offset + BATCH, last.offset)
    deletion = RecordedEvent(name, "", until, last.id, last.type, last.object, "", 0, last.payload)
    if first is None or first.offset >= last.offset:
        for erase in _erasers:
            erase([deletion], using)
        return None
    _rewrite([deletion], f'{_SAME_STREAM} AND e."offset" >= {first.offset:d}', using)
    return str(until - 1)


def _batches(deletions: list[tuple[str, str, RecordedEvent]]) -> Iterator[list[RecordedEvent]]:
    """Yields at most BATCH deletions at a time, each of another stream and object.

    A second deletion event of the same stream and object comes in a later batch than the first, so that no row is
    rewritten twice by one statement.
    """
    rounds: list[list[RecordedEvent]] = []
    earlier: Counter[tuple[str, str]] = Counter()
    for stream, object, deletion in deletions:
        number = earlier[stream, object]
        earlier[stream, object] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(deletion)
    for round in rounds:
        for start in range(0, len(round), BATCH):
            yield round[start : start + BATCH]


# The deletions come as JSON, so the text is the same for any number of them. A payload is rewritten as text, because
# its members always stand in the order type, id, at, actor, data: id, at and actor are kept, what stands before and
# after them is the deletion's. The marks cannot be found inside a string, where a quote has a backslash before it.
_REWRITE = """UPDATE {events} AS e
SET type = d.type, trace = '', payload = d.head || substr(e.payload, {find}(e.payload, '{id}'),
    {find}(e.payload, '{data}') - {find}(e.payload, '{id}')) || d.tail
FROM ({deletions}) AS d
WHERE {match} AND {earlier} AND e.type <> d.type"""

_ID, _DATA = ',"id":', ',"data":'

# In other streams the object has a deletion event of its own. The plus keeps the database from searching the whole
# stream by the index of positions: an object has few events, a stream has many.
_SAME_OBJECT = "e.object = d.object AND +e.stream_id = d.stream_id"
_SAME_STREAM = "e.stream_id = d.stream_id"

# SQLite reads tables in the order that it estimates as the best. Streams that are looked up one by one are no table of
# the join, and the likelihood makes it begin with the deletions. It would otherwise begin with all streams or events.
_DELETIONS = {
    "postgresql": """SELECT w.*, s.id AS stream_id FROM json_to_recordset(CAST(%s AS json))
        AS w (stream text, object text, "offset" bigint, type text, head text, tail text)
        JOIN {streams} s ON s.name = w.stream""",
    "sqlite": """SELECT json_extract(value, '$.object') AS object, json_extract(value, '$.offset') AS "offset",
        json_extract(value, '$.type') AS type, json_extract(value, '$.head') AS head,
        json_extract(value, '$.tail') AS tail,
        (SELECT s.id FROM {streams} s WHERE s.name = json_extract(value, '$.stream')) AS stream_id
        FROM json_each(%s)""",
}
_EARLIER = {
    "postgresql": 'e."offset" < d."offset"',
    "sqlite": 'likelihood(e."offset" < d."offset", 0.001)',
}
_FIND = {"postgresql": "strpos", "sqlite": "instr"}


def _rewrite(deletions: list[RecordedEvent], match: str, using: str) -> None:
    """Rewrites the earlier events that belong to these deletions, in one statement."""
    connection = connections[using]
    quote, vendor = connection.ops.quote_name, connection.vendor
    statement = _REWRITE.format(
        events=quote(Event._meta.db_table),
        deletions=_DELETIONS[vendor].format(streams=quote(Stream._meta.db_table)),
        find=_FIND[vendor],
        match=match,
        earlier=_EARLIER[vendor],
        id=_ID,
        data=_DATA,
    )
    rows = [
        {
            "stream": deletion.stream,
            "object": deletion.object,
            "offset": deletion.offset,
            "type": deletion.type,
            "head": deletion.payload[: deletion.payload.index(_ID)],
            "tail": deletion.payload[deletion.payload.index(_DATA) :],
        }
        for deletion in deletions
    ]
    with connection.cursor() as cursor:
        cursor.execute(statement, [msgspec.json.encode(rows).decode()])


# -- accounts --------------------------------------------------------------------------------------------------------


def hide_user(user_id: str, using: str) -> None:
    """Keeps what names this user from readers of the log until `show_user`: for the time of an erasure in slices.

    Pages of the log then begin after the last such event, as if what is before it were pruned.
    """
    HiddenUser.objects.using(using).bulk_create([HiddenUser(user=user_id)], ignore_conflicts=True)
    ErasureClock.tick(using)


def hidden_users(using: str) -> set[str]:
    """Returns the users whom `hide_user` keeps from readers now."""
    return set(HiddenUser.objects.using(using).values_list("user", flat=True))


def show_user(user_id: str, using: str) -> None:
    """Ends what `hide_user` began."""
    HiddenUser.objects.using(using).filter(user=user_id).delete()
    ErasureClock.tick(using)


def forget_actor(user_id: str, using: str, most: int | None = None) -> int:
    """Takes a deleted account's key out of the events that it was the actor of, at most `most` of them. Returns how
    many there were."""
    DelayedEvent.objects.using(using).filter(actor=user_id).update(actor="")
    payload = F("payload")
    for type in ("user", "service"):
        known, unknown = (f'"actor":{to_json(Actor(type, id), type)}' for id in (user_id, None))
        payload = Replace(payload, Value(known), Value(unknown))
    events = Event.objects.using(using).filter(actor=user_id)
    if most is not None:
        events = Event.objects.using(using).filter(pk__in=list(events.values_list("pk", flat=True)[:most]))
    return events.update(actor="", payload=payload, trace="")
