"""Django's signals, translated into noted changes. No decisions are made here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models import ManyToManyField, Model, signals

from tidewire.capture.querysets import is_versioned, may_move, note_departures, note_moves, note_rows, touch_rows
from tidewire.declare.registry import registry
from tidewire.transactions import changes


def connect(model: type) -> None:
    """Listens to every write of `model` and of its proxies that Django announces."""
    _listen(signals.pre_save, before_save, model)
    _listen(signals.post_save, on_save, model)
    _listen(signals.pre_delete, before_delete, model)
    _listen(signals.post_delete, on_delete, model)
    for field, is_far_end in _relations(model):
        through = field.remote_field.through
        signals.m2m_changed.connect(on_m2m_change, sender=through, dispatch_uid=f"tidewire.{through._meta.label}")
        _listen(signals.pre_delete, before_end_delete, field.model if is_far_end else field.related_model)


def _listen(signal: signals.ModelSignal, receiver: Callable[..., None], model: type) -> None:
    for sender in [m for m in apps.get_models() if m._meta.concrete_model is model._meta.concrete_model]:
        signal.connect(receiver, sender=sender, dispatch_uid=f"tidewire.{receiver.__name__}.{sender._meta.label}")


# -- rows ----------------------------------------------------------------------------------------------------------


def before_save(sender, instance, raw, using, update_fields, **kwargs) -> None:
    """The row as it is before it is saved over: where it moves, the place it leaves must hear of it."""
    if _is_new(instance, raw):
        return
    names = [field.name for field in sender._meta.fields] if update_fields is None else update_fields
    if not (raw or may_move(sender, names)):
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


# -- many-to-many relations: both ends may show them, so both are touched ----------------------------------------------


def on_m2m_change(sender, instance, action, reverse, model, pk_set, using, **kwargs) -> None:
    """What is taken away must be looked at while it is still there."""
    if action == "post_add":
        _touch_both(instance, model, pk_set, using)
    elif action in ("pre_remove", "pre_clear"):
        owner = model if reverse else type(instance)
        (field,) = [field for field in owner._meta.many_to_many if field.remote_field.through is sender]
        _touch_both(instance, model, _related(instance, field, reverse, using, pk_set), using)


def before_end_delete(sender, instance, using, **kwargs) -> None:
    """The rows of the relation go without a signal."""
    for field, is_far_end in _relations(sender):
        other = field.model if is_far_end else field.related_model
        _touch(other, _related(instance, field, is_far_end, using), using)


def _relations(model: type) -> Iterable[tuple[ManyToManyField, bool]]:
    """All many-to-many relations of a model, and whether the field stands on their other end."""
    for field in model._meta.get_fields(include_hidden=True):
        if field.many_to_many and getattr(field, "remote_field", None):
            yield (field.field, True) if field.auto_created else (field, False)


def _related(instance: Model, field: ManyToManyField, is_far_end: bool, using: str, only: Iterable[Any] | None = None):
    """Keys of the rows at the other end of a relation of `instance`."""
    ends = (field.m2m_field_name(), field.m2m_reverse_field_name())
    mine, others = reversed(ends) if is_far_end else ends
    rows = field.remote_field.through._base_manager.using(using).filter(**{mine: instance})
    rows = rows if only is None else rows.filter(**{f"{others}__in": only})
    return list(rows.values_list(f"{others}__pk", flat=True))


def _touch_both(instance: Model, model: type, pks: Iterable[Any], using: str) -> None:
    if pks:
        _touch(model, pks, using)
        _touch(type(instance), [instance.pk], using)


def _touch(model: type, pks: Iterable[Any], using: str) -> None:
    if registry.lives_of(model):
        touch_rows(model, pks, using)
