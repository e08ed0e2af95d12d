"""Django's signals, translated into noted changes. No decisions are made here."""

from __future__ import annotations

from django.apps import apps
from django.db.models import signals

from realtime import changes
from realtime.live import registry
from realtime.querysets import note_departures, note_rows


def connect(model: type) -> None:
    """Listens to every write of `model` and of its proxies that Django announces."""
    for sender in [m for m in apps.get_models() if m._meta.concrete_model is model]:
        uid = f"tidewire.{sender._meta.label}"
        signals.post_save.connect(on_save, sender=sender, dispatch_uid=uid)
        signals.pre_delete.connect(before_delete, sender=sender, dispatch_uid=uid)
        signals.post_delete.connect(on_delete, sender=sender, dispatch_uid=uid)
    for field in model._meta.many_to_many:
        through = field.remote_field.through
        signals.m2m_changed.connect(on_m2m_change, sender=through, dispatch_uid=f"tidewire.{through._meta.label}")


def on_save(sender, instance, created, using, **kwargs) -> None:
    # Fixtures (raw=True) are noted as well: rows are re-read at COMMIT, when what they refer to is there.
    note_rows(sender, [instance.pk], changes.CREATED if created else changes.UPDATED, using)


def before_delete(sender, instance, using, **kwargs) -> None:
    """What was not loaded cannot be read once the row is gone, and the deletion event may need it."""
    if deferred := instance.get_deferred_fields():
        instance.refresh_from_db(using=using, fields=deferred)


def on_delete(sender, instance, using, **kwargs) -> None:
    note_departures(sender, [_snapshot(instance)], using)


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
        model._base_manager.using(using).filter(pk__in=list(pks)).touch()


def _related_keys(through: type, instance, model: type, reverse: bool, using: str) -> list:
    """Keys of the rows at the other end of a many-to-many relation of `instance`."""
    ends = {f.name: f for f in through._meta.fields if f.remote_field}
    mine = next(f for f in ends.values() if f.related_model is type(instance)._meta.concrete_model)
    other = next((f for f in ends.values() if f is not mine and f.related_model is model), None)
    if other is None:
        return []
    rows = through._base_manager.using(using).filter(**{mine.name: instance.pk})
    return list(rows.values_list(other.attname, flat=True))


def _snapshot(instance):
    """A copy that keeps its key: Django sets the original's to None when the deletion is complete."""
    copy = type(instance).__new__(type(instance))
    copy.__dict__ = dict(instance.__dict__)
    return copy
