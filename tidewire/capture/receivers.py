"""Django's signals, translated into notes of changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model, signals

from tidewire.capture import relations
from tidewire.capture.before import (
    Before,
    all_names,
    before_relatives,
    before_write,
    concerns,
    field_names,
    is_noted,
    may_move,
)
from tidewire.capture.bulk import SHOWN
from tidewire.capture.noting import (
    TouchLater,
    note_created,
    note_departures,
    note_relative,
    note_updated,
    touch_rows,
)
from tidewire.capture.relatives import children_of, concrete, parents_of
from tidewire.capture.rows import every
from tidewire.capture.versions import KEPT, forget_versions, versions_of
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.transactions import commit


def connect(model: type[Model]) -> None:
    """Notes every write of `model`, and of its proxies, for which Django sends a signal."""
    _listen(signals.pre_save, before_save, model)
    _listen(signals.post_save, on_save, model)
    if is_noted(model):
        _listen(signals.pre_delete, before_delete, model)
        _listen(signals.post_delete, on_delete, model)


def connect_relation(through: type[Model]) -> None:
    """Notes what happens to the rows of a relation, where they are not written by themselves."""
    signals.m2m_changed.connect(on_m2m_change, sender=through, dispatch_uid=f"tidewire.{through._meta.label}")
    for end in relations.ends_of(through):
        _listen(signals.pre_delete, before_end_delete, end.model)


def _listen(signal: signals.ModelSignal, receiver: Callable[..., None], model: type[Model]) -> None:
    for sender in [m for m in apps.get_models() if m._meta.concrete_model is model._meta.concrete_model]:
        signal.connect(receiver, sender=sender, dispatch_uid=f"tidewire.{receiver.__name__}.{sender._meta.label}")


# -- saved rows ----------------------------------------------------------------------------------------------------


@dataclass
class _Save:
    """What `before_save` found, for `on_save`."""

    names: set[str]
    before: Before = field(default_factory=Before)
    relatives: list[tuple[type[Model], Before]] = field(default_factory=list)


_SAVE = "_tidewire_save"


def before_save(
    sender: type[Model], instance: Model, raw: bool, using: str, update_fields: Iterable[str] | None, **kwargs: Any
) -> None:
    """Reads the row before it is overwritten, where it matters afterwards."""
    model = concrete(sender)
    versions = {version.name for version in versions_of(model)}
    names = (all_names(model) if update_fields is None else field_names(model, update_fields)) - versions
    save = vars(instance)[_SAVE] = _Save(names)
    vars(instance).pop(KEPT, None)
    if _is_new(instance, raw) and (raw or not parents_of(model)):
        return
    with transaction.atomic(using=using, savepoint=False):
        is_compared = any(live.is_narrowed and live.concerns(names) for live in registry.lives_of(model))
        if _is_row_needed(model, names, raw, is_compared):
            row = every(model, using).filter(pk=_key_of(instance, model))
            save.before = before_write(row, names, using, is_whole=raw or is_compared)
        for row in save.before.rows.values():
            if raw:
                _raise_above(row, instance)
            if is_compared:
                save.names = {name for name in names if _is_changed(model, name, row, instance)}
        keys = {child: [_key_of(instance, model)] for child in children_of(model)}
        if not raw:  # a fixture writes one table
            keys |= {parent: [_key_of(instance, parent)] for parent in parents_of(model)}
        save.relatives = before_relatives(keys, names | versions, using)
    vars(instance)[KEPT] = not concerns(model, save.names)


def on_save(sender: type[Model], instance: Model, created: bool, using: str, raw: bool = False, **kwargs: Any) -> None:
    # Fixtures (raw=True) are noted as well: rows are read again before COMMIT, when what they refer to is there.
    model = concrete(sender)
    save: _Save = vars(instance).pop(_SAVE, None) or _Save(all_names(model))
    vars(instance).pop(KEPT, None)
    pk = _key_of(instance, model)
    if created:
        note_created(model, [pk], using)
        present = {other for other, before in save.relatives if before.rows}
        for parent in parents_of(model) if not raw else ():
            if parent not in present:
                note_created(parent, [_key_of(instance, parent)], using)
    else:
        note_updated(model, [pk], save.names, using, before=save.before, now=_now(model, instance, save.before, using))
    for other, before in save.relatives:
        note_relative(model, other, before, save.names, using)


def save_silently(instance: Model, save_base: Callable[..., None], raw: bool, *args: Any) -> None:
    """Saves a row of a relation's table, of which Django sends no signal."""
    _, _, using, update_fields = args
    is_new = instance._state.adding
    before_save(type(instance), instance, raw, using, update_fields)
    save_base(instance, raw, *args)
    on_save(type(instance), instance, is_new, using, raw)


def _is_new(instance: Model, raw: bool) -> bool:
    """Returns whether `save` will insert, as Django does without a look when the key has a default."""
    pk = instance._meta.pk
    return instance.pk is None or (instance._state.adding and not raw and (pk.has_default() or pk.has_db_default()))


def _is_row_needed(model: type[Model], names: set[str], raw: bool, is_compared: bool) -> bool:
    is_hiding = any(live.may_hide for live in registry.lives_of(model))
    return is_compared or is_hiding or may_move(model, names) or (raw and bool(versions_of(model)))


def _raise_above(row: Model, instance: Model) -> None:
    """Raises the versions of a fixture's row above the present ones: its own could be lower."""
    for version in versions_of(type(row)):
        setattr(instance, version.attname, getattr(row, version.attname) + 1)


def _is_changed(model: type[Model], name: str, row: Model, instance: Model) -> bool:
    """Returns whether a save changes the field of this name, compared as the column holds it."""
    column: Any = model._meta.get_field(name)
    value = vars(instance).get(column.attname)
    if column.primary_key or column.attname not in vars(instance):
        return False
    if hasattr(value, "resolve_expression") or getattr(column, "auto_now", False):
        return True
    return column.get_prep_value(value) != column.get_prep_value(getattr(row, column.attname))


def _now(model: type[Model], instance: Model, before: Before, using: str) -> Callable[[], Mapping[Any, Model]] | None:
    """Returns what returns the row as it is: the instance, unless the database made some of its values."""
    if any(hasattr(value, "resolve_expression") for value in vars(instance).values()):
        return None
    return lambda: dict.fromkeys(before.rows, instance)


def _key_of(instance: Model, model: type[Model]) -> Any:
    """Returns the key of the instance's row in the table of its model or of a parent, of the type that it is read with.

    An instance in memory may hold its key as text.
    """
    key = getattr(instance, model._meta.pk.attname)
    if key is None and (link := type(instance)._meta.get_ancestor_link(model)):
        key = getattr(instance, link.attname)  # the parent of a new child that was there before
    return model._meta.pk.to_python(key)


# -- deleted rows --------------------------------------------------------------------------------------------------


def before_delete(sender: type[Model], instance: Model, using: str, origin: object, **kwargs: Any) -> None:
    """Keeps the row as it is now, with the declarations whose readers do not see it.

    The instance on which `delete()` was called may be old or partial, and its row may be gone, so the row is read
    again. Rows that Django collected with it, or by a queryset, were read in this transaction.
    """
    row = _locked_row(sender, instance, using) if instance is origin else _snapshot(instance)
    if row is None:
        return
    lives = registry.lives_of(sender)
    for live in lives:
        _keep_place(live, row, origin)
    vars(instance)["_departing"] = row, {live: _shown(live, row, origin, using) for live in lives if live.may_hide}


def on_delete(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    row, shown = vars(instance).pop("_departing", (None, {}))
    if row is not None:
        note_departures(sender, [row], using, shown)


def _keep_place(live: Live[Any], row: Model, origin: object) -> None:
    """Reads what leads from a row to its stream, which may be deleted before the event is built.

    Rows that are deleted together often refer to the same row. It is read once for all of them.
    """
    name, _, _ = live.stream.path.partition("__")
    if not live.stream.relation:
        return
    column: Any = type(row)._meta.get_field(name)
    known = vars(origin).setdefault("_tidewire_places", {})
    place = (column, getattr(row, column.attname))
    if place in known:
        row._state.fields_cache[name] = known[place]
    live.stream.key_of(row)
    known[place] = row._state.fields_cache.get(name)


def _shown(live: Live[Any], row: Model, origin: object, using: str) -> Collection[Any]:
    """Returns the row's key if the declaration's readers see the row.

    For a row that was collected with others, only `is_deleted` is asked: its readers may hear twice that it is gone.
    """
    if isinstance(origin, Model):
        return live.shown([row], using) if origin.pk == row.pk else _unless_deleted(live, row)
    of_queryset: Mapping[Live[Any], Collection[Any]] = vars(origin).get(SHOWN, {})
    return of_queryset[live] if live in of_queryset else _unless_deleted(live, row)


def _unless_deleted(live: Live[Any], row: Model) -> Collection[Any]:
    return () if live.is_deleted(row) else (row.pk,)


def _locked_row(model: type[Model], instance: Model, using: str) -> Model | None:
    rows = every(model, using).filter(pk=instance.pk)
    return rows.select_for_update(of=("self",), no_key=True).first()


def _snapshot(instance: Model) -> Model:
    """Returns a copy, which keeps its key: Django sets the original's to None when the deletion is complete."""
    if deferred := instance.get_deferred_fields():
        instance.refresh_from_db(using=instance._state.db, fields=deferred)
    copy = type(instance).__new__(type(instance))
    vars(copy).update(vars(instance))
    return copy


# -- many-to-many relations ----------------------------------------------------------------------------------------


def on_m2m_change(sender: type[Model], instance: Model, action: str, using: str, **kwargs: Any) -> None:
    """Touches at once the row whose relation was changed, if it shows the relation: its version is answered next.

    That the relation changed was noted when its rows were written.
    """
    if action not in ("post_add", "post_remove", "post_clear"):
        return

    def is_in_hand(note: object) -> bool:
        return (
            isinstance(note, TouchLater)
            and isinstance(instance, note.model)
            and _key_of(instance, note.model) == note.pk
        )

    for touch in {note for note in commit.take_out(using, is_in_hand) if isinstance(note, TouchLater)}:
        touch_rows(touch.model, [touch.pk], using)
        forget_versions([instance])


def before_end_delete(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    """Notes the rows of relations that are deleted with one of their ends, where Django deletes them silently.

    Where some app listens to the deletions of all models, Django does not call `_raw_delete` for them.
    """
    for through, end in relations.relations_of(sender):
        if relations.deletes_silently(through):
            rows = every(through, using).filter(**{end.key: instance})
            note_departures(through, list(rows), using)
