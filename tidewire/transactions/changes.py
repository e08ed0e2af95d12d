"""Changes: a note for each row that was created, updated or deleted, kept until just before COMMIT.

A change holds no state of the row. Rows are read again when the events are built, so an event shows what the database
has. Only what a deletion would take with it is kept: the row's key and its stream.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tidewire.declare.intents import intent_of
from tidewire.declare.live import Live
from tidewire.ground.actors import Actor, current_actor
from tidewire.transactions.notes import Note

CREATED, UPDATED, DELETED = "created", "updated", "deleted"


@dataclass(frozen=True, slots=True)
class Change(Note):
    """One change of one row, for one declaration.

    - `intent` is the event's type where it says more than created, updated or deleted.
    - `left` is the row as last known, when the change took it out of its stream: it was deleted, or moved to another
      stream. `left_key` is the key of that stream, as it was then: the rows that lead to it may change afterwards.
    - `was_shown`: whether the declaration's readers saw the row before the change. None means that this was not asked,
      because the change does not alter it.
    - `is_minor`: the change is of fields that the declaration ignores. It matters only where it hides or shows the row.
    """

    live: Live
    pk: Any
    op: str
    actor: Actor
    intent: str | None = None
    left: Any = None
    left_key: Any = None
    was_shown: bool | None = None
    is_minor: bool = False


@dataclass(slots=True)
class Fold:
    """All changes of one row in one transaction, for one declaration: at most a departure and an arrival."""

    actor: Actor
    is_new: bool
    was_shown: bool | None = None
    exists: bool = True
    left: Any = None
    left_key: Any = None
    intents: dict[str | None, None] = field(default_factory=dict)

    @property
    def existed(self) -> bool:
        """Whether the declaration's readers had the row before this transaction."""
        return not self.is_new and self.was_shown is not False

    @property
    def is_only_created(self) -> bool:
        return self.is_new and not self.intents and self.left is None

    def add(self, change: Change) -> None:
        self.exists = change.op != DELETED
        if self.was_shown is None:
            self.was_shown = change.was_shown
        if change.left is not None and self.existed and self.left is None:
            self.left, self.left_key = change.left, change.left_key
        if change.op == UPDATED and not change.is_minor:
            self.intents[change.intent] = None


def changes_of(
    live: Live, pks: Iterable[Any], op: str, intent: str | None = None, *, shown: Collection[Any] | None = None
) -> list[Change]:
    """Returns a change for every row. `shown` are the keys of those that the declaration's readers saw before it."""
    actor = current_actor()
    intent = intent or (intent_of(live.model, live.intents) if op == UPDATED else None)
    return [Change(live, pk, op, actor, intent, was_shown=_is_in(pk, shown)) for pk in pks]


def minor_changes_of(live: Live, pks: Iterable[Any], shown: Collection[Any] | None) -> list[Change]:
    """Returns changes that are events only where they hide or show their row."""
    actor = current_actor()
    return [Change(live, pk, UPDATED, actor, was_shown=_is_in(pk, shown), is_minor=True) for pk in pks]


def departures_of(
    live: Live,
    instances: Iterable[Any],
    op: str = DELETED,
    *,
    shown: Collection[Any] | None = None,
    streams: Mapping[Any, Any] | None = None,
) -> list[Change]:
    """Returns changes for rows that leave their stream. Each instance is the row as last known.

    The stream is found now, because the rows that lead to it may be deleted or moved next. `streams` are the keys of
    the streams by the rows' keys, where the rows that lead to them are gone already.
    """
    actor = current_actor()
    gone = [(row, live.stream.key_of(row) if streams is None else streams[row.pk]) for row in instances]
    return [
        Change(live, row.pk, op, actor, left=row, left_key=key, was_shown=_is_in(row.pk, shown)) for row, key in gone
    ]


def _is_in(pk: Any, shown: Collection[Any] | None) -> bool | None:
    return None if shown is None else pk in shown


def fold(changes: Iterable[Change]) -> dict[tuple[Live, Any], Fold]:
    """Joins the changes of each row: {(declaration, key): fold}, in the order in which rows were first touched."""
    folds: dict[tuple[Live, Any], Fold] = {}
    for change in changes:
        key = (change.live, change.pk)
        if key not in folds:
            folds[key] = Fold(change.actor, is_new=change.op == CREATED)
        folds[key].add(change)
    return folds
