"""Changes: a note for each row that was created, updated or deleted, kept until just before COMMIT.

A change holds no state of the row. Rows are read again when the events are built, so an event shows what the database
has. Only what a deletion would take with it is kept: the row's key and its stream.
"""

from __future__ import annotations

from collections.abc import Iterable
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

    `intent` is the event's type where it says more than created, updated or deleted. `left` is the row as last known,
    when the change took it out of its stream: it was deleted, or moved to another stream.
    """

    live: Live
    pk: Any
    op: str
    actor: Actor
    intent: str | None = None
    left: Any = None


@dataclass(slots=True)
class Fold:
    """All changes of one row in one transaction, for one declaration: at most a departure and an arrival."""

    actor: Actor
    existed: bool
    exists: bool = True
    left: Any = None
    intents: dict[str | None, None] = field(default_factory=dict)

    @property
    def is_only_created(self) -> bool:
        return not self.existed and not self.intents and self.left is None

    def add(self, change: Change) -> None:
        self.exists = change.op != DELETED
        if change.left is not None and self.existed and self.left is None:
            self.left = change.left
        if change.op == UPDATED:
            self.intents[change.intent] = None


def changes_of(lives: Iterable[Live], pks: Iterable[Any], op: str, intent: str | None = None) -> list[Change]:
    """Returns a change for every pair of declaration and row."""
    actor = current_actor()
    intents = [(live, intent or (intent_of(live.model, live.intents) if op == UPDATED else None)) for live in lives]
    return [Change(live, pk, op, actor, its_intent) for pk in pks for live, its_intent in intents]


def departures_of(lives: Iterable[Live], instances: Iterable[Any], op: str = DELETED) -> list[Change]:
    """Returns changes for rows that leave their stream. Each instance is the row as last known."""
    actor = current_actor()
    lives = list(lives)
    return [Change(live, instance.pk, op, actor, left=instance) for instance in instances for live in lives]


def fold(changes: Iterable[Change]) -> dict[tuple[Live, Any], Fold]:
    """Joins the changes of each row: {(declaration, key): fold}, in the order in which rows were first touched."""
    folds: dict[tuple[Live, Any], Fold] = {}
    for change in changes:
        key = (change.live, change.pk)
        if key not in folds:
            folds[key] = Fold(change.actor, existed=change.op != CREATED)
        folds[key].add(change)
    return folds
