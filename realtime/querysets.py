"""The bulk paths that send no signal, made to note the same changes as save() and delete().

Django's `update`, `bulk_create`, `bulk_update` and raw deletes send no signals. A live model's queryset notes the rows
they touch, in the transaction that touches them. Raw SQL remains outside: nobody can see it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import NotSupportedError, models, transaction
from django.db.models import F, Q

from realtime import changes
from realtime.live import registry

# Stays below SQLite's bound on variables of one statement.
_CHUNK = 500


def _chunks(items: Collection[Any]) -> Iterable[list[Any]]:
    items = list(items)
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


class LiveQuerySet(models.QuerySet):
    """A queryset whose every write is noted. Keep it as the base of a live model's own querysets."""

    def update(self, **kwargs: Any) -> int:
        """As Django's, and raises the `version` of each row in the same statement."""
        if self.query.is_sliced:
            raise TypeError("Cannot update a query once a slice has been taken.")
        with transaction.atomic(using=self.db, savepoint=False):
            return sum(self._update_rows(rows, kwargs) for rows in _chunks(self._locked()))

    update.alters_data = True

    def touch(self, intent: str | None = None) -> int:
        """Raises the version of each row and notes it as updated; `intent` names the event instead of `updated`."""
        with transaction.atomic(using=self.db, savepoint=False):
            return sum(self._update_rows(rows, {}, intent) for rows in _chunks(self._locked()))

    touch.alters_data = True

    def bulk_create(self, objs, batch_size=None, ignore_conflicts=False, update_conflicts=False,
                    update_fields=None, unique_fields=None):  # fmt: skip
        """As Django's. With conflicts the objects' keys must be set, and rows that were there count as updated."""
        objs = list(objs)
        write = super().bulk_create
        with transaction.atomic(using=self.db, savepoint=False):
            if update_conflicts:
                return self._upsert(write, objs, batch_size, update_fields, unique_fields)
            known = self._existing(objs) if ignore_conflicts else set()
            created = write(objs, batch_size=batch_size, ignore_conflicts=ignore_conflicts)
            self._note(changes.CREATED, [obj.pk for obj in created if obj.pk not in known])
            return created

    bulk_create.alters_data = True

    def _raw_delete(self, using: str) -> int:
        with transaction.atomic(using=using, savepoint=False):
            gone = list(self.using(using))
            count = super()._raw_delete(using)
            note_departures(self.model, gone, using)
            return count

    _raw_delete.alters_data = True

    # -- steps ---------------------------------------------------------------------------------------------------

    def _locked(self) -> list[models.Model]:
        """The rows this queryset matches, locked where the database locks rows, with their stream columns."""
        rows = self.order_by()
        if rows.query.distinct or rows.query.group_by or rows.query.combinator:  # what FOR UPDATE refuses
            rows = self.model._base_manager.using(self.db).filter(pk__in=rows.values("pk"))
        attnames = registry.stream_attnames(self.model)
        return list(rows.select_related(None).select_for_update(of=("self",)).only("pk", *attnames))

    def _update_rows(self, rows: list[models.Model], values: dict[str, Any], intent: str | None = None) -> int:
        pks = [row.pk for row in rows]
        version = {"version": F("version") + 1} if _is_versioned(self.model) else {}
        mine = self.order_by().filter(pk__in=pks)
        if values or version:
            super(LiveQuerySet, mine).update(**(values | version))
        _note_moves(self.model, rows, self.db)
        self._note(changes.UPDATED, pks, intent)
        return len(pks)

    def _existing(self, objs: list[models.Model]) -> set[Any]:
        if any(obj.pk is None for obj in objs):
            raise NotSupportedError("bulk_create on a live model needs the objects' keys when conflicts are ignored")
        found: set[Any] = set()
        for chunk in _chunks([obj.pk for obj in objs]):
            found.update(self.model._base_manager.using(self.db).filter(pk__in=chunk).values_list("pk", flat=True))
        return found

    def _upsert(self, write, objs, batch_size, update_fields, unique_fields):
        """Rows that were there before the statement are touched after it: their version rises, their update is
        noted."""
        before = self._keys_like(objs, unique_fields or ["pk"])
        created = write(objs, batch_size=batch_size, update_conflicts=True,
                        update_fields=update_fields, unique_fields=unique_fields)  # fmt: skip
        after = self._keys_like(objs, unique_fields or ["pk"])
        for chunk in _chunks(before):
            self.model._base_manager.using(self.db).filter(pk__in=chunk).touch()
        self._note(changes.CREATED, [pk for pk in after if pk not in before])
        return created

    def _keys_like(self, objs: list[models.Model], fields: list[str]) -> dict[Any, None]:
        keys: dict[Any, None] = {}
        for chunk in _chunks(objs):
            same = Q(pk__in=[])
            for obj in chunk:
                same |= Q(**{name: getattr(obj, name) for name in fields})
            keys.update(
                dict.fromkeys(self.model._base_manager.using(self.db).filter(same).values_list("pk", flat=True))
            )
        return keys

    def _note(self, op: str, pks: Collection[Any], intent: str | None = None) -> None:
        note_rows(self.model, pks, op, self.db, intent)


def note_rows(model: type, pks: Collection[Any], op: str, using: str, intent: str | None = None) -> None:
    """Notes a change of these rows for all declarations of `model`, and touches the parents they are part of."""
    if not pks:
        return
    lives = registry.lives_of(model)
    if lives:
        changes.note(using, changes.changes_of(lives, pks, op, intent))
    for touch in registry.touches_of(model):
        if event_type := getattr(touch, op):
            parents = model._base_manager.using(using).filter(pk__in=pks).values_list(touch.parent_attname, flat=True)
            _touch_parents(touch.parent_model, parents, event_type, using)


def note_departures(model: type, gone: Collection[models.Model], using: str) -> None:
    """Notes rows that were deleted; the instances are the rows as last known."""
    lives = registry.lives_of(model)
    if lives and gone:
        changes.note(using, changes.departures_of(lives, gone))
    for touch in registry.touches_of(model):
        if touch.deleted and gone:
            parents = [getattr(instance, touch.parent_attname) for instance in gone]
            _touch_parents(touch.parent_model, parents, touch.deleted, using)


def _touch_parents(model: type, pks: Iterable[Any], event_type: str, using: str) -> None:
    for chunk in _chunks(dict.fromkeys(pk for pk in pks if pk is not None)):
        model._base_manager.using(using).filter(pk__in=chunk).touch(event_type)


def _note_moves(model: type, before: list[models.Model], using: str) -> None:
    """Where an update changed a stream column, the row left its old stream: noted with the row as it was."""
    lives = [live for live in registry.lives_of(model) if live.stream.attname != model._meta.pk.attname]
    if not lives or not before:
        return
    now = {row.pk: row for row in model._base_manager.using(using).filter(pk__in=[row.pk for row in before])}
    for live in lives:
        moved = [row for row in before if row.pk in now and live.stream.key_of(row) != live.stream.key_of(now[row.pk])]
        if moved:
            changes.note(using, changes.departures_of([live], moved, op=changes.UPDATED))


def _is_versioned(model: type) -> bool:
    return any(field.name == "version" for field in model._meta.concrete_fields)
