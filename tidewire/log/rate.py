"""Holds back what comes too fast: a stream tells so many paced events in so many seconds, whoever writes them.

What is held is a row, written with the change it tells of, and becomes an event in a later transaction: with the next
write that is in time, or by a server's own clock. States of one object replace each other, facts are merged, and
nothing but what was overtaken is left out. A row leaves in the transaction that records its event, so it is told once.

Locks are taken in the order turn, held rows, streams. A turn is never waited for: who does not get it leaves its rows
to whoever has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec
from django.db import connections, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tidewire.declare.registry import registry
from tidewire.ground.actors import SYSTEM, Actor
from tidewire.log.building import Draft, EventError
from tidewire.log.tables import DelayedEvent, Turn
from tidewire.transactions.commit import note
from tidewire.transactions.notes import Note

ROWS = 1_000  # looked at in one turn


@dataclass(frozen=True, slots=True)
class Release(Note):
    """A stream whose turn may have come."""

    stream: str


def release_due(using: str) -> int:
    """Tells what is held and whose turn has come. Returns how many streams were looked at."""
    streams = list(DelayedEvent.objects.using(using).order_by().values_list("stream", flat=True).distinct())
    for stream in streams:
        with transaction.atomic(using=using):
            note(using, [Release(stream)])
    return len(streams)


def rate(drafts: list[Draft], notes: Iterable[Note], using: str) -> list[Draft]:
    """The drafts to record now: those that need not wait, and those whose turn it is."""
    held = [draft for draft in drafts if draft.is_rate_limited]
    direct = [draft for draft in drafts if not draft.is_rate_limited]
    if any(kind.rate for kind in registry.kinds.values()):
        _forget_overtaken(direct, using)
    if held:
        DelayedEvent.objects.using(using).bulk_create(map(_held, held))
    streams = {draft.stream for draft in held} | {entry.stream for entry in notes if isinstance(entry, Release)}
    return direct + [draft for stream in sorted(streams) for draft in _release(stream, using)]


def _held(draft: Draft) -> DelayedEvent:
    try:
        data = msgspec.json.encode(draft.data).decode()
    except (TypeError, ValueError) as error:
        raise EventError(f"the data of a {draft.type} event is not JSON: {error}") from error
    return DelayedEvent(
        stream=draft.stream,
        type=draft.type,
        object=draft.object,
        actor=draft.actor.id or "",
        actor_type=draft.actor.type,
        data=data,
    )


def _forget_overtaken(direct: list[Draft], using: str) -> None:
    """A newer state of an object, its end, or its stream's, goes out before what is held of it: that is history."""
    for draft in direct:
        kind = registry.kind_of(draft.stream)
        if kind is None or kind.rate is None:
            continue
        rows = DelayedEvent.objects.using(using).filter(stream=draft.stream)
        if draft.type not in registry.ending_types:
            rows = rows.filter(object=draft.object)
            if draft.type not in registry.deletion_types:
                rows = rows.exclude(type__in=[fact.type for fact in registry.facts if fact.kind is kind])
        rows.delete()


# -- a stream's turn -----------------------------------------------------------------------------------------------


def _release(stream: str, using: str) -> list[Draft]:
    """What the stream tells now: its longest held first, at most as many events as its pace allows."""
    kind = registry.kind_of(stream)
    if kind is None or kind.rate is None:  # declared otherwise by now: nothing bounds it
        return _take(stream, ROWS, using)
    return _take(stream, kind.rate.events, using) if _claim(stream, kind.rate.seconds, using) else []


def _claim(stream: str, seconds: float, using: str) -> bool:
    """Takes the stream's turn, if it has come and nobody else is about to. The next one is `seconds` later."""
    now, next_at = timezone.now(), timezone.now() + timedelta(seconds=seconds)
    turns = Turn.objects.using(using)
    if not turns.filter(stream=stream).exists():
        turns.bulk_create([Turn(stream=stream, due_at=now)], ignore_conflicts=True)
    mine = _unlocked(turns, using).filter(stream=stream)
    # A clock that was put back must not hold a stream up.
    turn = mine.filter(Q(due_at__lte=now) | Q(due_at__gt=next_at)).first()
    return turn is not None and turns.filter(pk=turn.pk).update(due_at=next_at) == 1


def _unlocked(rows: QuerySet, using: str) -> QuerySet:
    """Those that nobody else has locked, locked. SQLite has one writer at a time."""
    can_skip = connections[using].features.has_select_for_update_skip_locked
    return rows.select_for_update(skip_locked=True) if can_skip else rows


def _take(stream: str, most: int, using: str) -> list[Draft]:
    rows = _unlocked(DelayedEvent.objects.using(using).filter(stream=stream).order_by("pk"), using)
    folding = Folding(most)
    taken = [row.pk for row in rows[:ROWS] if folding.add(row)]
    DelayedEvent.objects.using(using).filter(pk__in=taken).delete()
    return folding.drafts()


class Folding:
    """Makes few events of many held rows."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._drafts: list[Draft] = []
        self._last: dict[tuple[str, str], int | None] = {}  # the newest event about each; None when its turn is over

    def add(self, row: DelayedEvent) -> bool:
        """False when the row has to wait, and with it all that follow about the same object."""
        key = (row.type, row.object)
        index = self._last.get(key, -1)
        if index is None:
            return False
        data = json.loads(row.data)
        if index >= 0:
            fact = registry.fact_of(row.stream, row.type)
            merged = fact.merge(self._drafts[index].data, data) if fact and fact.merge else data
            if merged is not None:
                actor = self._drafts[index].actor
                actor = actor if actor == _actor(row) else SYSTEM
                self._drafts[index] = replace(self._drafts[index], data=merged, actor=actor)
                return True
        return self._begin(key, row, data)

    def drafts(self) -> list[Draft]:
        return self._drafts

    def _begin(self, key: tuple[str, str], row: DelayedEvent, data: Any) -> bool:
        if len(self._drafts) >= self._most:
            self._last[key] = None
            return False
        self._last[key] = len(self._drafts)
        self._drafts.append(Draft(row.stream, row.type, row.object, data, _actor(row)))
        return True


def _actor(row: DelayedEvent) -> Actor:
    return Actor(row.actor_type, row.actor or None)
