"""What is noted about a write: for each declaration of the rows' model, of its multi-table relatives, and of what the
rows are part of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db import models

from tidewire.capture import originals, relations
from tidewire.capture.before import Before, all_names, field_names, is_related
from tidewire.capture.relatives import children_of, keys_in, parents_of
from tidewire.capture.rows import by_key, chunks, every, locked
from tidewire.capture.versions import next_versions, versions_of
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.transactions import changes, commit
from tidewire.transactions.pre_commit import PreCommitStep

Model = type[models.Model]


# -- after a write -------------------------------------------------------------------------------------------------


def note_created(model: Model, pks: Collection[Any], using: str) -> None:
    """Notes new rows of this very model."""
    if pks:
        for live in registry.lives_of(model):
            commit.note(using, changes.changes_of(live, pks, changes.CREATED))
        _note_whole(model, pks, changes.CREATED, using)


def note_updated(
    model: Model,
    pks: Collection[Any],
    names: Collection[str],
    using: str,
    *,
    before: Before | None = None,
    now: Callable[[], Mapping[Any, models.Model]] | None = None,
    intent: str | None = None,
) -> None:
    """Notes that fields of these names were written in rows of this very model.

    `now` returns the rows as they are, for those that may have moved; they are read again without it.
    """
    if not pks:
        return
    before = before or Before()
    if before.is_moving and before.rows:
        _note_moves(model, before, now() if now else {row.pk: row for row in by_key(model, before.rows, using)}, using)
    names = field_names(model, names)
    for live in registry.lives_of(model):
        shown = before.shown.get(live)
        if live.concerns(names):
            commit.note(using, changes.changes_of(live, pks, changes.UPDATED, intent, shown=shown))
        elif shown is not None:
            commit.note(using, changes.minor_changes_of(live, pks, shown))
    _note_whole(model, pks, changes.UPDATED, using)


def note_departures(
    model: Model, gone: Collection[models.Model], using: str, shown: Mapping[Live[Any], Collection[Any]] | None = None
) -> None:
    """Notes that rows were deleted. The instances are the rows as last known."""
    if not gone:
        return
    for live in registry.lives_of(model):
        seen = (shown or {}).get(live)
        commit.note(using, changes.departures_of(live, gone, shown=seen))
    for touch in registry.touches_of(model):
        if touch.deleted:
            parents = [getattr(instance, touch.parent_attname) for instance in gone]
            touch_rows(touch.parent_model, parents, using, touch.deleted)
    for end in relations.shown_ends(model):
        touch_later(end.model, relations.keys_at(end, gone), using)


def _note_whole(model: Model, pks: Collection[Any], op: str, using: str) -> None:
    """Touches what these rows are part of."""
    for touch in registry.touches_of(model):
        if event_type := getattr(touch, op):
            for chunk in chunks(pks):
                parents = every(model, using).filter(pk__in=chunk).values_list(touch.parent_attname, flat=True)
                touch_rows(touch.parent_model, parents, using, event_type)
    for end in relations.shown_ends(model):
        touch_later(end.model, relations.keys_of(end, model, pks, using), using)


def _note_moves(model: Model, before: Before, now: Mapping[Any, models.Model], using: str) -> None:
    """Notes rows that moved to another stream, parent or end: for the one that they left, it is like a deletion."""
    for live in registry.lives_of(model):
        if left := _moved(before.rows.values(), now, live.stream.key_of):
            shown = before.shown.get(live)
            commit.note(using, changes.departures_of(live, left, op=changes.UPDATED, shown=shown))
    for touch in registry.touches_of(model):
        left = _moved(before.rows.values(), now, lambda row, column=touch.parent_attname: getattr(row, column))
        if touch.deleted and left:
            touch_rows(touch.parent_model, [getattr(row, touch.parent_attname) for row in left], using, touch.deleted)
    for end in relations.shown_ends(model):
        touch_later(end.model, relations.keys_at(end, before.rows.values()), using)


def _moved(
    before: Iterable[models.Model], now: Mapping[Any, models.Model], place: Callable[[models.Model], Any]
) -> list[models.Model]:
    # Compared as text, because an instance in memory may hold its key as text.
    both = [(row, now[row.pk]) for row in before if row.pk in now]
    return [row for row, current in both if str(place(row)) != str(place(current))]


# -- touching ------------------------------------------------------------------------------------------------------


def touch_rows(model: Model, pks: Iterable[Any], using: str, intent: str | None = None) -> int:
    """Raises the versions of these rows and notes them as updated. Returns how many there are."""
    found = 0
    for chunk in chunks(dict.fromkeys(pk for pk in pks if pk is not None)):
        present = [row.pk for row in locked(every(model, using).filter(pk__in=chunk), "pk")]
        if version := next_versions(model):
            originals.update(every(model, using).filter(pk__in=present), **version)
        note_updated(model, present, all_names(model), using, intent=intent)
        _touch_relatives(model, present, using)
        found += len(present)
    return found


def _touch_relatives(model: Model, pks: list[Any], using: str) -> None:
    """Notes parents whose version was raised with a child's, and children: they show their parent's columns."""
    raised = {version.name for version in versions_of(model)}
    for other in (*parents_of(model), *children_of(model)):
        names = raised if other in parents_of(model) else all_names(model)
        if is_related(other, names):
            rows = {row.pk: row for row in by_key(other, keys_in(other, model, pks, using), using)}
            note_relative(model, other, Before(rows), names, using)


def note_relative(model: Model, other: Model, before: Before, names: Collection[str], using: str) -> None:
    """Notes that columns of a parent's or child's rows were written together with those of `model`.

    A version that the child has of its own is raised.
    """
    keys = list(before.rows)
    if other in children_of(model):
        own = {name: value for name, value in next_versions(other).items() if name not in all_names(model)}
        for chunk in chunks(keys) if own else ():
            originals.update(every(other, using).filter(pk__in=chunk), **own)
    note_updated(other, keys, names, using, before=before)


def touch_later(model: Model, pks: Collection[Any], using: str) -> None:
    """Touches these rows just before COMMIT, where they are not written anyway."""
    commit.note(using, [TouchLater(model, pk) for pk in pks])


@dataclass(frozen=True, slots=True)
class TouchLater(PreCommitStep):
    """A row to touch just before COMMIT."""

    model: Model
    pk: Any

    @classmethod
    def run(cls, steps: list[TouchLater], using: str) -> None:
        """Touches the rows in the order of their models and keys, so that no two transactions wait in a circle.

        A row that this transaction created or changed anyway has its version already.
        """
        written = written_rows(using)
        wanted = {(step.model._meta.label, str(step.pk)): step for step in steps}
        for model, group in groupby((wanted[key] for key in sorted(wanted)), lambda step: step.model):
            touch_rows(model, [step.pk for step in group if (model, step.pk) not in written], using)


def written_rows(using: str) -> set[tuple[Model, Any]]:
    """Returns the rows whose creation or update is noted in the present transaction, as pairs of model and key."""
    found = (note for note in commit.noted(using) if isinstance(note, changes.Change))
    return {(note.live.model, note.pk) for note in found if note.op != changes.DELETED and not note.is_minor}
