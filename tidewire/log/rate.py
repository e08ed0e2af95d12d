"""The rate of a stream: how many rate-limited events it has in a time, however many writers there are.

Every rate-limited event is first a row (`DelayedEvent`), written with the change that it shows. The row becomes an
event when its stream is released: at once if no event of the stream is waiting and the rate allows it, else with a
later write, or by a server's clock. States of one object replace each other and facts are merged, so few events carry
what many rows said, and only overtaken states are left out. A row is deleted in the transaction that records its event,
so it is recorded once.

Locks are taken in the order next release, delayed rows, streams. A transaction never waits for a `NextRelease`: when
another transaction holds it, the rows are left to that one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from django.db import connections, models, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from tidewire.declare.registry import registry
from tidewire.ground.actors import SYSTEM, Actor
from tidewire.log.building import Draft, to_json
from tidewire.log.tables import DelayedEvent, NextRelease
from tidewire.transactions.commit import note
from tidewire.transactions.notes import Note

_M = TypeVar("_M", bound=models.Model)

ROWS = 1_000
"""How many delayed rows of a stream one release reads."""


@dataclass(frozen=True, slots=True)
class ReleaseNote(Note):
    """Asks for the delayed events of a stream, as far as its rate allows."""

    stream: str


def release_due(using: str) -> int:
    """Records the delayed events of all streams whose next release is due, a transaction for each stream.

    Returns how many streams had delayed events. Servers call this by their clock.
    """
    streams = list(DelayedEvent.objects.using(using).order_by().values_list("stream", flat=True).distinct())
    for stream in streams:
        with transaction.atomic(using=using):
            note(using, [ReleaseNote(stream)])
    return len(streams)


def limit(drafts: list[Draft], notes: Iterable[Note], using: str) -> list[Draft]:
    """Returns the drafts to record now: those without a rate limit, then those that are released.

    The rate-limited ones among `drafts` are stored first, so they wait behind what is stored already.
    """
    delayed = [draft for draft in drafts if draft.is_rate_limited]
    direct = [draft for draft in drafts if not draft.is_rate_limited]
    if any(kind.rate for kind in registry.kinds.values()):
        _delete_overtaken(direct, using)
    if delayed:
        DelayedEvent.objects.using(using).bulk_create(_row(draft) for draft in delayed)
    streams = {draft.stream for draft in delayed} | {entry.stream for entry in notes if isinstance(entry, ReleaseNote)}
    return direct + [draft for stream in sorted(streams) for draft in _release(stream, using)]


def _delete_overtaken(direct: list[Draft], using: str) -> None:
    """Deletes the delayed rows that an event recorded now makes history.

    The end of a stream overtakes all of its rows, a deletion all rows about its object, and a newer state the older
    states of its object, but not the facts about it.
    """
    for draft in direct:
        kind = registry.kind_of(draft.stream)
        if kind is None or kind.rate is None:
            continue
        rows = DelayedEvent.objects.using(using).filter(stream=draft.stream)
        if not registry.ends_stream(draft.stream, draft.type):
            rows = rows.filter(object=draft.object)
            if not registry.is_deletion(draft.stream, draft.type):
                rows = rows.exclude(type__in=[fact.type for fact in registry.facts if fact.kind is kind])
        rows.delete()


# -- release -------------------------------------------------------------------------------------------------------


def _release(stream: str, using: str) -> list[Draft]:
    """Takes delayed events of the stream out of their table, the oldest first, as many as its rate allows now."""
    kind = registry.kind_of(stream)
    if kind is None or kind.rate is None:  # declared without a rate since the rows were written: all may go
        most = ROWS
    elif _claim_release(stream, kind.rate.seconds, using):
        most = kind.rate.events
    else:
        return []
    rows = _unlocked(DelayedEvent.objects.using(using).filter(stream=stream).order_by("pk"), using)
    drafts, used = _merge_rows(rows[:ROWS], most)
    DelayedEvent.objects.using(using).filter(pk__in=used).delete()
    return drafts


def _claim_release(stream: str, seconds: float, using: str) -> bool:
    """Returns whether this transaction may release events of the stream: a release is due, and no other has it.

    If so, the next one is due `seconds` later.
    """
    now, next_at = timezone.now(), timezone.now() + timedelta(seconds=seconds)
    releases = NextRelease.objects.using(using)
    if not releases.filter(stream=stream).exists():
        releases.bulk_create([NextRelease(stream=stream, due_at=now)], ignore_conflicts=True)
    # A due time further away than one period was written by a clock that has been put back since: it must not delay.
    due = _unlocked(releases.filter(stream=stream).filter(Q(due_at__lte=now) | Q(due_at__gt=next_at)), using).first()
    return due is not None and releases.filter(pk=due.pk).update(due_at=next_at) == 1


def _unlocked(rows: QuerySet[_M], using: str) -> QuerySet[_M]:
    """Locks those rows that no other transaction has locked, and leaves out the others. SQLite has one writer only."""
    can_skip = connections[using].features.has_select_for_update_skip_locked
    return rows.select_for_update(skip_locked=True) if can_skip else rows


def _merge_rows(rows: Iterable[DelayedEvent], most: int) -> tuple[list[Draft], list[int]]:
    """Makes at most `most` drafts of many delayed rows. Returns them, and the keys of the rows that are in them.

    A row is merged into the newest draft about the same object. An object that would need one draft too many waits,
    and so do all its later rows: the events of one object keep their order.
    """
    drafts: list[Draft] = []
    used: list[int] = []
    newest: dict[tuple[str, str], int] = {}  # (type, object) → index of its newest draft
    waiting: set[tuple[str, str]] = set()
    for row in rows:
        key = (row.type, row.object)
        if key in waiting:
            continue
        draft = _draft(row)
        merged = _merge(drafts[newest[key]], draft) if key in newest else None
        if merged is not None:
            drafts[newest[key]] = merged
        elif len(drafts) < most:
            newest[key] = len(drafts)
            drafts.append(draft)
        else:
            waiting.add(key)
            continue
        used.append(row.pk)
    return drafts, used


def _merge(earlier: Draft, later: Draft) -> Draft | None:
    """Makes one draft of two about the same object, or returns None when that would be too much for one event.

    A state replaces the earlier one; the declaration of a fact says how it is merged. Where the actors differ, the
    system is the actor of both.
    """
    fact = registry.fact_of(later.stream, later.type)
    data = fact.merge(earlier.data, later.data) if fact and fact.merge else later.data
    if data is None:
        return None
    return replace(earlier, data=data, actor=earlier.actor if earlier.actor == later.actor else SYSTEM)


# -- rows ----------------------------------------------------------------------------------------------------------


def _row(draft: Draft) -> DelayedEvent:
    return DelayedEvent(
        stream=draft.stream,
        type=draft.type,
        object=draft.object,
        actor=draft.actor.id or "",
        actor_type=draft.actor.type,
        data=to_json(draft.data, draft.type),
    )


def _draft(row: DelayedEvent) -> Draft:
    actor = Actor(row.actor_type, row.actor or None)
    return Draft(row.stream, row.type, row.object, json.loads(row.data), actor)
