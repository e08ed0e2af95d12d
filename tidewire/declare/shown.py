"""Which fields of a model a serializer shows, as far as its declaration says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Model

if TYPE_CHECKING:
    from rest_framework.serializers import BaseSerializer

OURS = ("rest_framework.", "tidewire.")


def shown_names(serializer: BaseSerializer[Any], model: type[Model]) -> frozenset[str] | None:
    """Returns the names of the fields and relations that a serializer reads from a row, or None where code of its own
    may read anything: a method field, a property, a `to_representation`."""
    names = list(_names(serializer, _readable(model)))
    return None if None in names else frozenset(name for name in names if name is not None)


def _names(serializer: Any, readable: set[str]) -> Iterator[str | None]:
    """Yields the name that each field reads first, None for one that may read anything."""
    written_in: str = serializer.to_representation.__module__
    if not written_in.startswith(OURS) or not hasattr(serializer, "fields"):
        yield None
        return
    for field in serializer.fields.values():
        if field.write_only:
            continue
        if field.source == "*" and hasattr(field, "fields"):  # a nested serializer of the same row
            yield from _names(field, readable)
        else:
            name = field.source.partition(".")[0]
            yield name if name in readable else None


def _readable(model: type[Model]) -> set[str]:
    """Returns the attributes of a row that hold a column, or lead to other rows."""
    names = {"pk"}
    for field in model._meta.get_fields():
        accessor = getattr(field, "get_accessor_name", None)
        names |= {field.name, getattr(field, "attname", field.name)} if accessor is None else {accessor()}
    return names
