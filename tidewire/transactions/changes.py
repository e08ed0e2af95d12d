"""Noted changes: what happened to which row, kept until just before COMMIT.

A note holds no state of the row: rows are re-read when the events are built, so an event shows what the database has.
Only what a deletion takes with it (key, stream) is kept.
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
    """One noted change of one row, for one declaration."""

    live: Live
    pk: Any
    op: str
    actor: Actor
    intent: str | None = None  # the event type, where it says more than created, updated or deleted
    left: Any = None  # the row as last known, when it left its stream: deleted, or moved to another


@dataclass(slots=True)
class Fold:
    """All that happened to one row in one transaction, for one declaration: at most a departure and an arrival."""

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
    """A change for every pair of declaration and row."""
    actor = current_actor()
    lives = list(lives)
    told = {live: intent or (intent_of(live.model, live.intents) if op == UPDATED else None) for live in lives}
    return [Change(live, pk, op, actor, told[live]) for pk in pks for live in lives]


def departures_of(lives: Iterable[Live], instances: Iterable[Any], op: str = DELETED) -> list[Change]:
    """Changes for rows that leave their stream; each instance is the row as last known."""
    actor = current_actor()
    lives = list(lives)
    return [Change(live, instance.pk, op, actor, left=instance) for instance in instances for live in lives]


def fold(changes: Iterable[Change]) -> dict[tuple[Live, Any], Fold]:
    """Coalesces: {(declaration, key): fold} in the order in which rows were first touched."""
    folds: dict[tuple[Live, Any], Fold] = {}
    for change in changes:
        key = (change.live, change.pk)
        if key not in folds:
            folds[key] = Fold(change.actor, existed=change.op != CREATED)
        folds[key].add(change)
    return folds
