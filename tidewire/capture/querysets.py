"""The bulk paths that send no signal, made to note the same changes as save() and delete().

Django's `update`, `bulk_create`, `bulk_update` and raw deletes send no signals. A live model's queryset notes the rows
they touch, in the transaction that touches them. Raw SQL remains outside: nobody can see it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.db import NotSupportedError, connections, models, transaction
from django.db.models import F, Q

from tidewire.declare.registry import registry
from tidewire.transactions import changes, commit

# Stays below SQLite's bound on variables of one statement.
_CHUNK = 500


def _chunks(items: Iterable[Any]) -> Iterable[list[Any]]:
    items = list(items)
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


class LiveQuerySet(models.QuerySet):
    """A queryset whose every write is noted. Keep it as the base of a live model's own querysets."""

    def update(self, **kwargs: Any) -> int:
        """As Django's, and raises the `version` of each row in the same statement."""
        self._not_support_combined_queries("update")
        if self.query.is_sliced:
            raise TypeError("Cannot update a query once a slice has been taken.")
        with self._writing():
            is_moving = may_move(self.model, kwargs)
            rows = self._locked() if is_moving else self._locked("pk")
            # Also without rows, so that Django can refuse what it would refuse with some.
            return sum(self._update_rows(chunk, kwargs, is_moving) for chunk in [*_chunks(rows)] or [[]])

    update.alters_data = True

    def touch(self, intent: str | None = None) -> int:
        """Raises the version of each row and notes it as updated; `intent` names the event instead of `updated`."""
        with self._writing():
            return sum(self._touch_rows(rows, intent) for rows in _chunks(self._locked("pk")))

    touch.alters_data = True

    def bulk_create(self, objs, batch_size=None, ignore_conflicts=False, update_conflicts=False,
                    update_fields=None, unique_fields=None):  # fmt: skip
        """As Django's. With ignored conflicts the objects' keys must be set; with updates of them, rows that were there
        count as updated."""
        objs = list(objs)
        write = super().bulk_create
        with self._writing():
            if update_conflicts:
                return self._upsert(write, objs, batch_size, update_fields, unique_fields)
            known = self._existing(objs) if ignore_conflicts else set()
            created = write(objs, batch_size=batch_size, ignore_conflicts=ignore_conflicts)
            self._note(changes.CREATED, [obj.pk for obj in created if obj.pk not in known])
            return created

    bulk_create.alters_data = True

    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's. Rows are locked before they are collected: what another transaction deletes meanwhile is an
        event of that one only."""
        with self._writing():
            if connections[self.db].features.has_select_for_update:
                self._locked("pk")
            return super().delete()

    delete.alters_data = True
    delete.queryset_only = True

    def _raw_delete(self, using: str) -> int:
        with transaction.atomic(using=using, savepoint=False):
            gone = self.using(using)._locked()
            count = super()._raw_delete(using)
            note_departures(self.model, gone, using)
            return count

    _raw_delete.alters_data = True

    # -- steps ---------------------------------------------------------------------------------------------------

    def _writing(self) -> transaction.Atomic:
        """The transaction of a write, on the database that is written to."""
        self._for_write = True
        return transaction.atomic(using=self.db, savepoint=False)

    def _locked(self, *columns: str) -> list[models.Model]:
        """The rows this queryset matches, with these columns (or all), locked where the database locks rows.

        In the order of their keys, so that two writers of the same rows do not wait for each other in a circle. The
        lock is the one an UPDATE takes: a stronger one would wait for everybody who inserts a row that refers to ours,
        and they for us.
        """
        rows = self.order_by()
        is_plain = self._fields is None and not (rows.query.distinct or rows.query.group_by or rows.query.combinator)
        rows = rows if is_plain else _all(self.model, self.db).filter(pk__in=rows.values("pk"))
        rows = rows.select_related(None).prefetch_related(None).defer(None).order_by("pk")
        rows = rows.only(*columns) if columns else rows
        return list({row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}.values())

    def _update_rows(self, rows: list[models.Model], values: dict[str, Any], is_moving: bool) -> int:
        pks = [row.pk for row in rows]
        # By key alone: what a chunk before this one changed must not decide whether a row still matches.
        mine = (self.order_by() if self.query.annotations else _all(self.model, self.db)).filter(pk__in=pks)
        super(LiveQuerySet, mine).update(**values | _next_version(self.model))
        if is_moving:
            note_moves(self.model, rows, _all(self.model, self.db).in_bulk(pks), self.db)
        self._note(changes.UPDATED, pks)
        return len(pks)

    def _touch_rows(self, rows: list[models.Model], intent: str | None) -> int:
        pks = [row.pk for row in rows]
        if version := _next_version(self.model):
            super(LiveQuerySet, _all(self.model, self.db).filter(pk__in=pks)).update(**version)
        self._note(changes.UPDATED, pks, intent)
        return len(pks)

    def _existing(self, objs: list[models.Model]) -> set[Any]:
        if any(obj.pk is None for obj in objs):
            raise NotSupportedError("bulk_create on a live model needs the objects' keys when conflicts are ignored")
        found: set[Any] = set()
        for chunk in _chunks(obj.pk for obj in objs):
            found.update(_all(self.model, self.db).filter(pk__in=chunk).values_list("pk", flat=True))
        return found

    def _upsert(self, write, objs, batch_size, update_fields, unique_fields):
        """Rows that were there before the statement are touched after it: their version rises, their update is
        noted."""
        before = self._like(objs, unique_fields or ["pk"])
        created = write(objs, batch_size=batch_size, update_conflicts=True,
                        update_fields=update_fields, unique_fields=unique_fields)  # fmt: skip
        after = self._like(objs, unique_fields or ["pk"])
        note_moves(self.model, before.values(), after, self.db)
        touch_rows(self.model, before, self.db)
        # An object whose unique columns hold a NULL meets no conflict: it is the row that was inserted.
        self._note(changes.CREATED, [pk for pk in {**after, **{obj.pk: obj for obj in created}} if pk not in before])
        return created

    def _like(self, objs: list[models.Model], fields: list[str]) -> dict[Any, models.Model]:
        """The rows, by their keys, that one of the objects would conflict with on these columns."""
        found: dict[Any, models.Model] = {}
        for chunk in _chunks(obj for obj in objs if all(getattr(obj, name) is not None for name in fields)):
            same = [Q(**{name: getattr(obj, name) for name in fields}) for obj in chunk]
            rows = _all(self.model, self.db).filter(Q(*same, _connector=Q.OR))
            found |= {row.pk: row for row in rows._locked()}
        return found

    def _note(self, op: str, pks: Collection[Any], intent: str | None = None) -> None:
        note_rows(self.model, pks, op, self.db, intent)


# -- what is noted -------------------------------------------------------------------------------------------------


def note_rows(model: type, pks: Collection[Any], op: str, using: str, intent: str | None = None) -> None:
    """Notes a change of these rows for all declarations of `model`, and touches the parents they are part of."""
    if not pks:
        return
    lives = registry.lives_of(model)
    if lives:
        commit.note(using, changes.changes_of(lives, pks, op, intent))
    for touch in registry.touches_of(model):
        if event_type := getattr(touch, op):
            for chunk in _chunks(pks):
                parents = _all(model, using).filter(pk__in=chunk).values_list(touch.parent_attname, flat=True)
                touch_rows(touch.parent_model, parents, using, event_type)


def note_departures(model: type, gone: Collection[models.Model], using: str) -> None:
    """Notes rows that were deleted; the instances are the rows as last known."""
    lives = registry.lives_of(model)
    if lives and gone:
        commit.note(using, changes.departures_of(lives, gone))
    for touch in registry.touches_of(model):
        if touch.deleted and gone:
            parents = [getattr(instance, touch.parent_attname) for instance in gone]
            touch_rows(touch.parent_model, parents, using, touch.deleted)


def note_moves(model: type, before: Collection[models.Model], now: Mapping[Any, models.Model], using: str) -> None:
    """Where the column that places a row was changed, the place that the row left hears of it as of a deletion.

    `before` are whole rows as they were, `now` the same rows by their keys.
    """
    for live in registry.lives_of(model):
        if left := _moved(before, now, live.stream.attname):
            commit.note(using, changes.departures_of([live], left, op=changes.UPDATED))
    for touch in registry.touches_of(model):
        left = _moved(before, now, touch.parent_attname)
        if touch.deleted and left:
            touch_rows(touch.parent_model, [getattr(row, touch.parent_attname) for row in left], using, touch.deleted)


def touch_rows(model: type, pks: Iterable[Any], using: str, intent: str | None = None) -> None:
    """Touches the rows of a live model with these keys."""
    for chunk in _chunks(dict.fromkeys(pk for pk in pks if pk is not None)):
        _all(model, using).filter(pk__in=chunk).touch(intent)


def _moved(before: Iterable[models.Model], now: Mapping[Any, models.Model], attname: str) -> list[models.Model]:
    # As text, because an instance in memory may hold its key as text.
    both = [(row, now[row.pk]) for row in before if row.pk in now]
    return [row for row, current in both if str(getattr(row, attname)) != str(getattr(current, attname))]


def may_move(model: type, names: Iterable[str]) -> bool:
    """Whether writing the fields of these names may move a row to another stream or parent."""
    places = registry.placing_columns(model)
    return any(field.attname in places and {field.name, field.attname} & {*names} for field in model._meta.fields)


def _all(model: type, using: str) -> LiveQuerySet:
    return model._base_manager.using(using)


def _next_version(model: type) -> dict[str, Any]:
    """What raises the version of a row, where it has one."""
    return {"version": F("version") + 1} if is_versioned(model) else {}


def is_versioned(model: type) -> bool:
    return any(field.name == "version" for field in model._meta.concrete_fields)
