"""Django's signals, translated into noted changes. No decisions are made here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import Model, signals

from realtime import changes
from realtime.live import registry
from realtime.querysets import is_versioned, may_move, note_departures, note_moves, note_rows, touch_rows


def connect(model: type) -> None:
    """Listens to every write of `model` and of its proxies that Django announces."""
    _listen(signals.pre_save, before_save, model)
    _listen(signals.post_save, on_save, model)
    _listen(signals.pre_delete, before_delete, model)
    _listen(signals.post_delete, on_delete, model)
    for field in model._meta.many_to_many:
        through = field.remote_field.through
        signals.m2m_changed.connect(on_m2m_change, sender=through, dispatch_uid=f"tidewire.{through._meta.label}")


def _listen(signal: signals.ModelSignal, receiver: Callable[..., None], model: type) -> None:
    for sender in [m for m in apps.get_models() if m._meta.concrete_model is model._meta.concrete_model]:
        signal.connect(receiver, sender=sender, dispatch_uid=f"tidewire.{receiver.__name__}.{sender._meta.label}")


# -- rows ----------------------------------------------------------------------------------------------------------


def before_save(sender, instance, raw, using, update_fields, **kwargs) -> None:
    """The row as it is before it is saved over: where it moves, the place it leaves must hear of it."""
    names = [field.name for field in sender._meta.fields] if update_fields is None else update_fields
    if not (raw or may_move(sender, names)) or _is_new(instance, raw):
        return
    with transaction.atomic(using=using, savepoint=False):
        before = _locked_row(sender, instance.pk, using)
        if before is None:
            return
        if raw and is_versioned(sender):
            instance.version = before.version + 1  # a fixture's own would take the version back
        note_moves(sender, [before], {instance.pk: instance}, using)


def on_save(sender, instance, created, using, **kwargs) -> None:
    # Fixtures (raw=True) are noted as well: rows are re-read at COMMIT, when what they refer to is there.
    note_rows(sender, [instance.pk], changes.CREATED if created else changes.UPDATED, using)


def before_delete(sender, instance, using, origin, **kwargs) -> None:
    """Keeps the row as it is now. What somebody holds in memory may be old, partial, or gone; what was collected with
    it, or by a queryset, was read in this transaction."""
    instance._departing = _locked_row(sender, instance.pk, using) if instance is origin else _snapshot(instance)


def on_delete(sender, instance, using, **kwargs) -> None:
    row = instance.__dict__.pop("_departing", None)
    if row is not None:
        note_departures(sender, [row], using)


def _is_new(instance: Model, raw: bool) -> bool:
    """Django inserts a row with a key of our own making without looking for an old one."""
    pk = instance._meta.pk
    return instance.pk is None or (instance._state.adding and not raw and (pk.has_default() or pk.has_db_default()))


def _locked_row(model: type, pk: Any, using: str) -> Model | None:
    rows = model._base_manager.using(using).filter(pk=pk)
    return rows.select_for_update(of=("self",), no_key=True).first()


def _snapshot(instance: Model) -> Model:
    """A copy that keeps its key: Django sets the original's to None when the deletion is complete."""
    if deferred := instance.get_deferred_fields():
        instance.refresh_from_db(using=instance._state.db, fields=deferred)
    copy = type(instance).__new__(type(instance))
    copy.__dict__ = dict(instance.__dict__)
    return copy


def on_m2m_change(sender, instance, action, reverse, model, pk_set, using, **kwargs) -> None:
    """Both ends may show the relation, so both are touched. Rows are re-read later: before or after does not matter,
    but a cleared relation must be looked at while it is still there."""
    if action == "pre_clear":
        _touch(model, _related_keys(sender, instance, model, reverse, using), using)
        _touch(type(instance), [instance.pk], using)
    elif action in ("post_add", "post_remove") and pk_set:
        _touch(model, pk_set, using)
        _touch(type(instance), [instance.pk], using)


def _touch(model: type, pks, using: str) -> None:
    if registry.lives_of(model) and pks:
        touch_rows(model, pks, using)


def _related_keys(through: type, instance, model: type, reverse: bool, using: str) -> list:
    """Keys of the rows at the other end of a many-to-many relation of `instance`."""
    ends = {f.name: f for f in through._meta.fields if f.remote_field}
    mine = next(f for f in ends.values() if f.related_model is type(instance)._meta.concrete_model)
    other = next((f for f in ends.values() if f is not mine and f.related_model is model), None)
    if other is None:
        return []
    rows = through._base_manager.using(using).filter(**{mine.name: instance.pk})
    return list(rows.values_list(other.attname, flat=True))
