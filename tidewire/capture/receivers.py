"""Django's signals, translated into notes of changes. No decisions are made here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, cast

from django.apps import apps
from django.db import transaction
from django.db.models import ManyToManyField, Model, signals

from tidewire.capture.querysets import is_versioned, may_move, note_departures, note_moves, note_rows, touch_rows
from tidewire.declare.registry import registry
from tidewire.transactions import changes


def connect(model: type[Model]) -> None:
    """Notes every write of `model`, and of its proxies, for which Django sends a signal."""
    _listen(signals.pre_save, before_save, model)
    _listen(signals.post_save, on_save, model)
    _listen(signals.pre_delete, before_delete, model)
    _listen(signals.post_delete, on_delete, model)
    for field, is_far_end in _relations(model):
        through = _through(field)
        signals.m2m_changed.connect(on_m2m_change, sender=through, dispatch_uid=f"tidewire.{through._meta.label}")
        _listen(signals.pre_delete, before_end_delete, field.model if is_far_end else field.related_model)


def _listen(signal: signals.ModelSignal, receiver: Callable[..., None], model: type[Model]) -> None:
    for sender in [m for m in apps.get_models() if m._meta.concrete_model is model._meta.concrete_model]:
        signal.connect(receiver, sender=sender, dispatch_uid=f"tidewire.{receiver.__name__}.{sender._meta.label}")


# -- rows ----------------------------------------------------------------------------------------------------------


def before_save(
    sender: type[Model], instance: Model, raw: bool, using: str, update_fields: Iterable[str] | None, **kwargs: Any
) -> None:
    """Reads the row before it is overwritten: where it moves, the stream or parent that it leaves gets an event."""
    if _is_new(instance, raw):
        return
    names = [field.name for field in sender._meta.fields] if update_fields is None else update_fields
    if not (raw or may_move(sender, names)):
        return
    with transaction.atomic(using=using, savepoint=False):
        before: Any = _locked_row(sender, instance.pk, using)
        if before is None:
            return
        if raw and is_versioned(sender):
            # A fixture's own version could be lower.
            versioned: Any = instance
            versioned.version = before.version + 1
        note_moves(sender, [before], {instance.pk: instance}, using)


def on_save(sender: type[Model], instance: Model, created: bool, using: str, **kwargs: Any) -> None:
    # Fixtures (raw=True) are noted as well: rows are read again before COMMIT, when what they refer to is there.
    note_rows(sender, [instance.pk], changes.CREATED if created else changes.UPDATED, using)


def before_delete(sender: type[Model], instance: Model, using: str, origin: object, **kwargs: Any) -> None:
    """Keeps the row as it is now.

    The instance on which `delete()` was called may be old or partial, and its row may be gone, so the row is read
    again. Rows that Django collected with it, or by a queryset, were read in this transaction.
    """
    row = _locked_row(sender, instance.pk, using) if instance is origin else _snapshot(instance)
    vars(instance)["_departing"] = row


def on_delete(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    row = vars(instance).pop("_departing", None)
    if row is not None:
        note_departures(sender, [row], using)


def _is_new(instance: Model, raw: bool) -> bool:
    """Returns whether `save` will insert, as Django does without a look when the key has a default."""
    pk = instance._meta.pk
    return instance.pk is None or (instance._state.adding and not raw and (pk.has_default() or pk.has_db_default()))


def _locked_row(model: type[Model], pk: Any, using: str) -> Model | None:
    rows = model._base_manager.using(using).filter(pk=pk)
    return rows.select_for_update(of=("self",), no_key=True).first()


def _snapshot(instance: Model) -> Model:
    """Returns a copy, which keeps its key: Django sets the original's to None when the deletion is complete."""
    if deferred := instance.get_deferred_fields():
        instance.refresh_from_db(using=instance._state.db, fields=deferred)
    copy = type(instance).__new__(type(instance))
    vars(copy).update(vars(instance))
    return copy


# -- many-to-many relations: both ends may show them, so both are touched ----------------------------------------------


def on_m2m_change(
    sender: type[Model],
    instance: Model,
    action: str,
    reverse: bool,
    model: type[Model],
    pk_set: set[Any] | None,
    using: str,
    **kwargs: Any,
) -> None:
    """Touches both ends of the rows that a relation gains or loses. Lost ones are read while they are there."""
    if action == "post_add":
        _touch_both(instance, model, pk_set, using)
    elif action in ("pre_remove", "pre_clear"):
        owner = model if reverse else type(instance)
        (field,) = [field for field in owner._meta.many_to_many if field.remote_field.through is sender]
        _touch_both(instance, model, _related(instance, field, reverse, using, pk_set), using)


def before_end_delete(sender: type[Model], instance: Model, using: str, **kwargs: Any) -> None:
    """Touches the other ends of a row that is deleted: the rows of the relation are deleted without a signal."""
    for field, is_far_end in _relations(sender):
        other = field.model if is_far_end else field.related_model
        _touch(other, _related(instance, field, is_far_end, using), using)


def _relations(model: type[Model]) -> Iterator[tuple[ManyToManyField[Any, Any], bool]]:
    """Yields the many-to-many relations of a model, and whether the field is defined on their other end."""
    field: Any  # of another library's class, perhaps
    for field in model._meta.get_fields(include_hidden=True):
        if field.many_to_many and getattr(field, "remote_field", None):
            yield (field.field, True) if field.auto_created else (field, False)


def _related(
    instance: Model, field: ManyToManyField[Any, Any], is_far_end: bool, using: str, only: Iterable[Any] | None = None
) -> list[Any]:
    """Returns the keys of the rows at the other end of a relation of `instance`, of those in `only` if given."""
    ends = (field.m2m_field_name(), field.m2m_reverse_field_name())
    mine, others = reversed(ends) if is_far_end else ends
    rows = _through(field)._base_manager.using(using).filter(**{mine: instance})
    rows = rows if only is None else rows.filter(**{f"{others}__in": only})
    return list(rows.values_list(f"{others}__pk", flat=True))


def _through(field: ManyToManyField[Any, Any]) -> type[Model]:
    """Returns the model of the relation's rows. It is there once apps are loaded."""
    return cast("type[Model]", field.remote_field.through)


def _touch_both(instance: Model, model: type[Model], pks: Collection[Any] | None, using: str) -> None:
    if pks:
        _touch(model, pks, using)
        _touch(type(instance), [instance.pk], using)


def _touch(model: type[Model], pks: Iterable[Any], using: str) -> None:
    if registry.lives_of(model):
        touch_rows(model, pks, using)
