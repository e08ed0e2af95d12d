"""Many-to-many relations: a row of the relation's table that comes or goes changes the ends that show it.

Where both ends change, and in transactions with several such writes, rows would be locked in the order of the writes.
So the ends are touched last of all, just before COMMIT, in the order of their keys. Only the row that the program has
in its hand (`ticket` in `ticket.labels.add(…)`) is touched at once, because its version is often answered next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Model, signals

from tidewire.capture.relatives import children_of, concrete
from tidewire.capture.rows import chunks, every
from tidewire.declare.registry import registry


@dataclass(frozen=True)
class End:
    """One end of a many-to-many relation: a foreign key of the relation's table.

    `accessor` is the name under which rows of the end have the relation.
    """

    model: type[Model]
    key: str
    accessor: str

    @property
    def is_shown(self) -> bool:
        """Whether a declaration's data changes with the rows of the relation."""
        models = (self.model, *children_of(self.model))
        return any(live.shows(self.accessor) for model in models for live in registry.lives_of(model))


@cache
def _ends() -> dict[type[Model], tuple[End, ...]]:
    """Returns the ends of all relations, by the models of their tables."""
    found: dict[type[Model], tuple[End, ...]] = {}
    for model in apps.get_models():
        field: Any
        for field in model._meta.local_many_to_many:
            through = getattr(field.remote_field, "through", None)
            if isinstance(through, type) and issubclass(through, Model):
                found[through] = (*found.get(through, ()), *_ends_of(field))
    return found


def _ends_of(field: Any) -> Iterator[End]:
    yield End(concrete(field.model), field.m2m_field_name(), field.name)
    # Of a symmetrical relation Django writes both directions, a row each.
    accessor = field.remote_field.get_accessor_name()
    if accessor and not accessor.endswith("+") and not field.remote_field.symmetrical:
        yield End(concrete(field.related_model), field.m2m_reverse_field_name(), accessor)


def ends_of(through: type[Model]) -> tuple[End, ...]:
    """Returns the ends of a relation, by the model of its table."""
    return _ends().get(through, ())


def relations_of(model: type[Model]) -> list[tuple[type[Model], End]]:
    """Returns the shown relations that a model, or a parent of it, is an end of, with this end."""
    found = ((through, end) for through, ends in _ends().items() for end in ends if shown_ends(through))
    return [(through, end) for through, end in found if issubclass(concrete(model), end.model)]


def deletes_silently(through: type[Model]) -> bool:
    """Returns whether Django deletes the rows of this table one by one and sends no signals of it.

    It does so for the table of a relation, where some app listens to the deletions of all models. Else it calls
    `_raw_delete`.
    """
    listeners = (signals.pre_delete, signals.post_delete)
    return bool(through._meta.auto_created) and any(signal.has_listeners(through) for signal in listeners)


def forget() -> None:
    """Forgets what was found. For tests that declare more models."""
    _ends.cache_clear()


def shown_ends(through: type[Model]) -> list[End]:
    """Returns the ends that change with the rows of this table: none for a table that is not a relation's.

    An end that a `Touch` names is left to it.
    """
    ends = _ends().get(through, ())
    named = {touch.parent for touch in registry.touches_of(through)} if ends else set()
    return [end for end in ends if end.key not in named and end.is_shown]


def shown_relations() -> list[type[Model]]:
    """Returns the tables of all relations that a declaration shows."""
    return [through for through in _ends() if shown_ends(through)]


def keys_of(end: End, through: type[Model], pks: Iterable[Any], using: str) -> set[Any]:
    """Returns the keys of the rows at this end of these rows of the relation."""
    found: set[Any] = set()
    for chunk in chunks(pks):
        found.update(every(through, using).filter(pk__in=chunk).values_list(f"{end.key}__pk", flat=True))
    return found - {None}


def keys_at(end: End, rows: Iterable[Model]) -> set[Any]:
    """Returns the keys of the rows at this end of these rows of the relation, which may be deleted already."""
    field: Any
    found: set[Any] = set()
    for row in rows:
        field = row._meta.get_field(end.key)
        is_key = field.target_field.primary_key
        found.add(getattr(row, field.attname) if is_key else getattr(getattr(row, end.key), "pk", None))
    return found - {None}
