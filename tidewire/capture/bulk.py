"""The bulk writes of a queryset of a live model, which note the same changes as save() and delete().

Django's `update`, `bulk_create`, `bulk_update` and raw deletes send no signals. Here they note the rows that they
change, in the transaction that changes them. Django's own method then writes the rows by their keys, so that a manager
which hides some of them hides nothing from the write. `bulk_update` calls `update`. The async methods call these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from django.db import connections, models, transaction
from django.db.models import Q, Value
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery

from tidewire.capture import originals, relations
from tidewire.capture.before import Before, before_relatives, before_write, concerns, is_noted, is_related
from tidewire.capture.noting import note_created, note_departures, note_relative, note_updated, touch_rows
from tidewire.capture.relatives import children_of, concrete, keys_in, parents_of
from tidewire.capture.rows import chunks, every, locked
from tidewire.capture.versions import next_versions, versions_of
from tidewire.declare.registry import registry

Rows = models.QuerySet[Any]


def update(queryset: Rows, /, **values: Any) -> int:
    """Does what Django's does, and raises the version of each row in the same statement."""
    rows: Any = queryset
    rows._not_support_combined_queries("update")
    if rows.query.is_sliced:
        raise TypeError("Cannot update a query once a slice has been taken.")
    model, names = concrete(rows.model), {*values}
    if not _matters(model):
        return originals.update(queryset, **values | next_versions(model))
    with _writing(queryset):
        if concerns(model, names):
            values |= next_versions(model)
        key_names = names & {model._meta.pk.name, model._meta.pk.attname}
        if key_names and is_noted(model):
            return _update_keys(queryset, names, values, values[key_names.pop()])
        before = before_write(queryset, names, rows.db)
        # Also without rows, so that Django refuses wrong values in any case.
        return sum(_update_rows(queryset, chunk, names, values, before) for chunk in [*chunks(before.rows)] or [[]])


def _matters(model: type[models.Model]) -> bool:
    """Returns whether an update of this model changes more than its rows: it is noted, or inherited with a version."""
    children = children_of(model)
    return any(is_noted(each) for each in (model, *parents_of(model), *children)) or any(map(versions_of, children))


def _update_keys(queryset: Rows, names: set[str], values: dict[str, Any], new_key: Any) -> int:
    """Writes new primary keys. Readers see deletions of the old keys, and creations of the new ones."""
    model, using = concrete(queryset.model), queryset.db
    if not hasattr(new_key, "resolve_expression"):
        new_key = Value(getattr(new_key, "pk", new_key), output_field=model._meta.pk)
    before = before_write(queryset, names, using, is_whole=True)
    rows = (queryset.order_by() if queryset.query.annotations else every(queryset.model, using)).filter(
        pk__in=list(before.rows)
    )
    new_keys = list(rows.annotate(tidewire_new_key=new_key).values_list("tidewire_new_key", flat=True))
    count = originals.update(rows, **values)
    note_departures(model, before.rows.values(), using, before.shown)
    note_created(model, new_keys, using)
    return count


def _update_rows(queryset: Rows, pks: list[Any], names: set[str], values: dict[str, Any], before: Before) -> int:
    model, using = concrete(queryset.model), queryset.db
    others = [other for other in (*parents_of(model), *children_of(model)) if pks and is_related(other, values)]
    keys = {other: keys_in(other, model, pks, using) for other in others}
    relatives = before_relatives(keys, values, using)
    # By key alone: the changes of an earlier chunk must not decide whether a row still matches.
    chunk = (queryset.order_by() if queryset.query.annotations else every(queryset.model, using)).filter(pk__in=pks)
    count = originals.update(chunk, **values)
    some = Before({pk: before.rows[pk] for pk in pks}, before.shown, before.is_moving)
    note_updated(model, pks, names, using, before=some)
    for other, theirs in relatives:
        note_relative(model, other, theirs, names, using)
    return count


def bulk_create(
    queryset: Rows,
    objs: Iterable[models.Model],
    batch_size: int | None = None,
    ignore_conflicts: bool = False,
    update_conflicts: bool = False,
    update_fields: Collection[str] | None = None,
    unique_fields: Collection[str] | None = None,
) -> list[models.Model]:
    """Does what Django's does. Where conflicts update rows, those count as updated."""
    objs = list(objs)
    with _writing(queryset):
        if update_conflicts:
            return _upsert(queryset, objs, batch_size, update_fields, unique_fields)
        model, using = concrete(queryset.model), queryset.db
        if ignore_conflicts and is_noted(model):
            inserted: list[Any] = []
            collecting: Any = queryset.all()
            collecting._insert = _inserting(collecting, inserted)
            created = originals.bulk_create(collecting, objs, batch_size=batch_size, ignore_conflicts=True)
            note_created(model, inserted, using)
        else:
            created = originals.bulk_create(queryset, objs, batch_size, ignore_conflicts)
            note_created(model, [obj.pk for obj in created], using)
        return created


def _inserting(queryset: Rows, inserted: list[Any]) -> Callable[..., list[Any]]:
    """Returns a method `_insert` that adds the keys of the rows that were inserted to a list. Ignored ones are not.

    Django does not ask for them, because it could not tell which object each belongs to.
    """

    def insert(objs: Any, fields: Any, returning_fields: Any = None, using: Any = None, **kwargs: Any) -> list[Any]:
        query = InsertQuery(queryset.model, on_conflict=OnConflict.IGNORE)
        query.insert_values(fields, objs)
        compiler: Any = query.get_compiler(using=using)
        key = queryset.model._meta.pk
        compiler.returning_fields = [key]
        converters = compiler.get_converters([key.get_col(queryset.model._meta.db_table)])
        with connections[using].cursor() as cursor:
            for sql, params in compiler.as_sql():
                cursor.execute(sql, params)
                inserted.extend(row[0] for row in compiler.apply_converters(cursor.fetchall(), converters))
        return []

    return insert


def _upsert(
    queryset: Rows,
    objs: list[models.Model],
    batch_size: int | None,
    update_fields: Collection[str] | None,
    unique_fields: Collection[str] | None,
) -> list[models.Model]:
    """Rows that were there before the statement are updated by it. Their versions are raised after it."""
    model, using = concrete(queryset.model), queryset.db
    columns, names = unique_fields or ["pk"], {*(update_fields or ())}
    before = _like(model, objs, columns, names, using)
    created = originals.bulk_create(
        queryset,
        objs,
        batch_size=batch_size,
        update_conflicts=True,
        update_fields=update_fields,
        unique_fields=unique_fields,
    )
    after = _like(model, objs, columns, names, using).rows
    if concerns(model, names) and (versions := next_versions(model)):
        for chunk in chunks(before.rows):
            originals.update(every(model, using).filter(pk__in=chunk), **versions)
    note_updated(model, list(before.rows), names, using, before=before, now=lambda: after)
    # An object whose unique columns hold a NULL meets no conflict: it is the row that was inserted.
    present = {**after, **{obj.pk: obj for obj in created if obj.pk is not None}}
    note_created(model, [pk for pk in present if pk not in before.rows], using)
    return created


def _like(
    model: type[models.Model], objs: list[models.Model], columns: Collection[str], names: set[str], using: str
) -> Before:
    """Returns the rows, locked, that one of the objects would conflict with on these columns."""
    found = Before()
    for chunk in chunks(obj for obj in objs if all(getattr(obj, name) is not None for name in columns)):
        same = [Q(**{name: getattr(obj, name) for name in columns}) for obj in chunk]
        some = before_write(every(model, using).filter(Q(*same, _connector=Q.OR)), names, using)
        found.rows |= some.rows
        found.is_moving = some.is_moving
        for live, pks in some.shown.items():
            found.shown.setdefault(live, set()).update(pks)
    return found


def delete(queryset: Rows) -> tuple[int, dict[str, int]]:
    """Does what Django's does, and locks the rows before they are collected.

    A row that another transaction deletes meanwhile is then an event of that transaction only.
    """
    with _writing(queryset):
        model, using = queryset.model, queryset.db
        silent = relations.deletes_silently(model) and not queryset.query.is_sliced
        hiding = [live for live in registry.lives_of(model) if live.may_hide]
        rows: list[Any] = []
        if silent or hiding:
            rows = locked(queryset)
        elif connections[using].features.has_select_for_update:
            locked(queryset, "pk")
        vars(queryset)[SHOWN] = {live: live.shown(rows, using) for live in hiding}
        result = originals.delete(queryset)
        if silent:
            note_departures(model, rows, using)
        return result


SHOWN = "_tidewire_shown"
"""On a queryset that deletes: the keys of the rows that each declaration's readers see. The signals' receivers ask."""


def raw_delete(queryset: Rows, using: str | None) -> int:
    """Does what Django's does, which sends no signals."""
    alias, model = using or queryset.db, queryset.model
    with transaction.atomic(using=alias, savepoint=False):
        gone = locked(queryset.using(alias)) if is_noted(model) else []
        shown = {live: live.shown(gone, alias) for live in registry.lives_of(model) if live.may_hide}
        count = originals.raw_delete(queryset, alias)
        note_departures(model, gone, alias, shown)
        return count


def touch(queryset: Rows, intent: str | None = None) -> int:
    """Raises the versions of the rows and notes them as updated; `intent` names the event instead of `updated`.

    Returns how many rows there are. For writes that are not noticed: raw SQL, a data migration, another program.
    """
    with _writing(queryset):
        pks = [row.pk for row in locked(queryset, "pk")]
        return touch_rows(concrete(queryset.model), pks, queryset.db, intent)


def _writing(queryset: Rows) -> transaction.Atomic:
    """Returns the transaction of a write, on the database that writes of the model go to."""
    rows: Any = queryset
    rows._for_write = True
    return transaction.atomic(using=rows.db, savepoint=False)
