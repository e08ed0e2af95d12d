"""The bulk writes of a queryset, made to note the same changes as save() and delete().

Django's `update`, `bulk_create`, `bulk_update` and raw deletes send no signals. A live model's queryset notes the rows
that they change, in the transaction that changes them. Raw SQL is not noticed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from django.db import NotSupportedError, connections, models, transaction
from django.db.models import F, Q

from tidewire.declare.registry import registry
from tidewire.transactions import changes, commit

M = TypeVar("M", bound=models.Model)
_T = TypeVar("_T")

_CHUNK = 500
"""How many keys go into one statement: below SQLite's bound on variables."""


def _chunks(items: Iterable[_T]) -> Iterator[list[_T]]:
    items = list(items)
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


class LiveQuerySet(models.QuerySet[M]):
    """A queryset whose every write is noted. Keep it as the base of a live model's own querysets.

    For type checkers, `as_manager()` returns the queryset: the manager has its methods, also those of a subclass.
    """

    if TYPE_CHECKING:  # what the stubs of Django leave out
        _fields: tuple[str, ...] | None
        _known_related_objects: dict[Any, Any]

        def _not_support_combined_queries(self, operation_name: str) -> None: ...

        @classmethod
        def as_manager(cls) -> Self: ...  # pyright: ignore[reportIncompatibleMethodOverride]  see above

    def update(self, **kwargs: Any) -> int:
        """Does what Django's does, and raises the `version` of each row in the same statement."""
        self._not_support_combined_queries("update")
        if self.query.is_sliced:
            raise TypeError("Cannot update a query once a slice has been taken.")
        with self._writing():
            is_moving = may_move(self.model, kwargs)
            rows = self._locked() if is_moving else self._locked("pk")
            # Also without rows, so that Django refuses wrong values in any case.
            return sum(self._update_rows(chunk, kwargs, is_moving) for chunk in [*_chunks(rows)] or [[]])

    def touch(self, intent: str | None = None) -> int:
        """Raises the version of each row and notes it as updated; `intent` names the event instead of `updated`."""
        with self._writing():
            return sum(self._touch_rows(rows, intent) for rows in _chunks(self._locked("pk")))

    touch.alters_data = True  # pyright: ignore[reportFunctionMemberAccess]  templates look for it

    def bulk_create(
        self,
        objs: Iterable[M],
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Collection[str] | None = None,
        unique_fields: Collection[str] | None = None,
    ) -> list[M]:
        """Does what Django's does. Where conflicts update rows, those count as updated.

        Raises NotSupportedError where conflicts are ignored and an object has no key: it could not be found again.
        """
        objs = list(objs)
        write = super().bulk_create
        with self._writing():
            if not update_conflicts:
                known = self._existing(objs) if ignore_conflicts else set()
                created = write(objs, batch_size=batch_size, ignore_conflicts=ignore_conflicts)
                self._note(changes.CREATED, [obj.pk for obj in created if obj.pk not in known])
                return created
            # Rows that were there before the statement are touched after it: their version rises, an update is noted.
            names = unique_fields or ["pk"]
            before = self._like(objs, names)
            created = write(
                objs,
                batch_size=batch_size,
                update_conflicts=True,
                update_fields=update_fields,
                unique_fields=unique_fields,
            )
            after = self._like(objs, names)
            note_moves(self.model, before.values(), after, self.db)
            touch_rows(self.model, before, self.db)
            # An object whose unique columns hold a NULL meets no conflict: it is the row that was inserted.
            present = {**after, **{obj.pk: obj for obj in created}}
            self._note(changes.CREATED, [pk for pk in present if pk not in before])
            return created

    def delete(self) -> tuple[int, dict[str, int]]:
        """Does what Django's does, and locks the rows before they are collected.

        A row that another transaction deletes meanwhile is then an event of that transaction only.
        """
        with self._writing():
            if connections[self.db].features.has_select_for_update:
                self._locked("pk")
            return super().delete()

    delete.queryset_only = True  # pyright: ignore[reportFunctionMemberAccess]  keeps it from managers, as Django's

    def _raw_delete(self, using: str | None) -> int:
        alias = using or self.db
        with transaction.atomic(using=alias, savepoint=False):
            gone = self.using(alias)._locked()
            count = super()._raw_delete(alias)
            note_departures(self.model, gone, alias)
            return count

    # -- steps ---------------------------------------------------------------------------------------------------

    def _writing(self) -> transaction.Atomic:
        """Returns the transaction of a write, on the database that writes of the model go to."""
        self._for_write = True
        return transaction.atomic(using=self.db, savepoint=False)

    def _locked(self, *columns: str) -> list[M]:
        """Returns the rows that this queryset matches, with these columns (or all), locked where the database locks
        rows.

        They are locked in the order of their keys, so that two writers of the same rows do not wait for each other in a
        circle. The lock is the one that an UPDATE takes. A stronger one would conflict with the insertion of rows that
        refer to these.
        """
        rows = self.order_by()
        is_plain = self._fields is None and not (rows.query.distinct or rows.query.group_by or rows.query.combinator)
        rows = rows if is_plain else _all(self.model, self.db).filter(pk__in=rows.values("pk"))
        rows = rows.select_related(None).prefetch_related(None).defer(None).order_by("pk")
        rows = rows.only(*columns) if columns else rows
        # A relation's queryset (`room.messages`) sets its parent on each row. It reads the column for that, which is a
        # query for each row when the column is not among `columns`.
        rows._known_related_objects = {}
        return list({row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}.values())

    def _update_rows(self, rows: list[M], values: dict[str, Any], is_moving: bool) -> int:
        pks = [row.pk for row in rows]
        # By key alone: the changes of an earlier chunk must not decide whether a row still matches.
        chunk = (self.order_by() if self.query.annotations else _all(self.model, self.db)).filter(pk__in=pks)
        super(LiveQuerySet, chunk).update(**values | _next_version(self.model))
        if is_moving:
            note_moves(self.model, rows, _all(self.model, self.db).in_bulk(pks), self.db)
        self._note(changes.UPDATED, pks)
        return len(pks)

    def _touch_rows(self, rows: list[M], intent: str | None) -> int:
        pks = [row.pk for row in rows]
        if version := _next_version(self.model):
            super(LiveQuerySet, _all(self.model, self.db).filter(pk__in=pks)).update(**version)
        self._note(changes.UPDATED, pks, intent)
        return len(pks)

    def _existing(self, objs: list[M]) -> set[Any]:
        """Returns the keys of those objects that have a row."""
        if any(obj.pk is None for obj in objs):
            raise NotSupportedError("bulk_create on a live model needs the objects' keys when conflicts are ignored")
        found: set[Any] = set()
        for chunk in _chunks(obj.pk for obj in objs):
            found.update(_all(self.model, self.db).filter(pk__in=chunk).values_list("pk", flat=True))
        return found

    def _like(self, objs: list[M], fields: Collection[str]) -> dict[Any, M]:
        """Returns the rows, by their keys, that one of the objects would conflict with on these columns, locked."""
        found: dict[Any, M] = {}
        for chunk in _chunks(obj for obj in objs if all(getattr(obj, name) is not None for name in fields)):
            same = [Q(**{name: getattr(obj, name) for name in fields}) for obj in chunk]
            rows = _all(self.model, self.db).filter(Q(*same, _connector=Q.OR))
            found |= {row.pk: row for row in rows._locked()}
        return found

    def _note(self, op: str, pks: Collection[Any], intent: str | None = None) -> None:
        note_rows(self.model, pks, op, self.db, intent)


# -- what is noted -------------------------------------------------------------------------------------------------


def note_rows(model: type[models.Model], pks: Collection[Any], op: str, using: str, intent: str | None = None) -> None:
    """Notes a change of these rows for all declarations of `model`, and touches the rows that they are part of."""
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


def note_departures(model: type[models.Model], gone: Collection[models.Model], using: str) -> None:
    """Notes that rows were deleted. The instances are the rows as last known."""
    lives = registry.lives_of(model)
    if lives and gone:
        commit.note(using, changes.departures_of(lives, gone))
    for touch in registry.touches_of(model):
        if touch.deleted and gone:
            parents = [getattr(instance, touch.parent_attname) for instance in gone]
            touch_rows(touch.parent_model, parents, using, touch.deleted)


def note_moves(
    model: type[models.Model], before: Collection[models.Model], now: Mapping[Any, models.Model], using: str
) -> None:
    """Notes rows that moved to another stream or parent: for the one that they left, it is like a deletion.

    `before` are whole rows as they were, `now` the same rows by their keys.
    """
    for live in registry.lives_of(model):
        if left := _moved(before, now, live.stream.attname):
            commit.note(using, changes.departures_of([live], left, op=changes.UPDATED))
    for touch in registry.touches_of(model):
        left = _moved(before, now, touch.parent_attname)
        if touch.deleted and left:
            touch_rows(touch.parent_model, [getattr(row, touch.parent_attname) for row in left], using, touch.deleted)


def touch_rows(model: type[models.Model], pks: Iterable[Any], using: str, intent: str | None = None) -> None:
    """Touches the rows of a live model with these keys."""
    for chunk in _chunks(dict.fromkeys(pk for pk in pks if pk is not None)):
        _all(model, using).filter(pk__in=chunk).touch(intent)


def _moved(before: Iterable[models.Model], now: Mapping[Any, models.Model], attname: str) -> list[models.Model]:
    # Compared as text, because an instance in memory may hold its key as text.
    both = [(row, now[row.pk]) for row in before if row.pk in now]
    return [row for row, current in both if str(getattr(row, attname)) != str(getattr(current, attname))]


def may_move(model: type[models.Model], names: Iterable[str]) -> bool:
    """Returns whether writing the fields of these names may move a row to another stream or parent."""
    columns, names = registry.placing_columns(model), {*names}
    return any(field.attname in columns and {field.name, field.attname} & names for field in model._meta.fields)


def _all(model: type[M], using: str) -> LiveQuerySet[M]:
    return cast("LiveQuerySet[M]", model._base_manager.using(using))  # the start-up checks see to that


def _next_version(model: type[models.Model]) -> dict[str, Any]:
    """Returns the values of an UPDATE that raises the rows' versions, or none for a model without versions."""
    return {"version": F("version") + 1} if is_versioned(model) else {}


def is_versioned(model: type[models.Model]) -> bool:
    """Returns whether the model has a column `version`."""
    return any(field.name == "version" for field in model._meta.concrete_fields)
