"""Which rows of its stream belong to a list, for a client that keeps it by events.

A client applies the filters of a list to the rows in events. So it needs to know which field of a row each parameter
is about, and how the two are compared. What only the database can compare is left out: the client refuses such a
parameter.
"""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from rest_framework.serializers import BaseSerializer, ModelSerializer, Serializer

ID, EXACT = "exact_id", "exact"
RANGES = ("gt", "gte", "lt", "lte")
_EXACT = (models.CharField, models.TextField, models.BooleanField, models.IntegerField)
_PLAIN_FILTERS = (django_filters.Filter.filter, django_filters.ChoiceFilter.filter)


def path_fields(names: list[str], serializer: type[Serializer]) -> dict[str, str] | None:
    """Returns {parameter of the path: field of a row}, or None when rows do not show one of them."""
    found = {name: field_of(serializer, name) for name in names}
    return None if None in found.values() else {name: field for name, field in found.items() if field}


def filter_fields(view: Any, serializer: type[Serializer]) -> dict[str, list[str]]:
    """Returns {parameter: [field of a row, lookup]} of the filters that a client can decide."""
    filterset = getattr(view, "filterset_class", None)
    if filterset is None or filterset.filter_queryset is not django_filters.FilterSet.filter_queryset:
        return {}
    found = {name: _decidable(each, serializer) for name, each in filterset.base_filters.items()}
    return {name: pair for name, pair in found.items() if pair}


def field_of(serializer: type[Serializer], column: str) -> str | None:
    """Returns the path in a row that shows this column: `room`, or `author.id` where the author is shown whole."""
    for name, field in serializer().fields.items():
        if field.source in (column, column.removesuffix("_id")) and not isinstance(field, BaseSerializer):
            return name
        if field.source == column.removesuffix("_id") and "id" in getattr(field, "fields", {}):
            return f"{name}.id"
    return None


def _decidable(each: Any, serializer: type[Serializer]) -> list[str] | None:
    is_plain = type(each).filter in _PLAIN_FILTERS and each.method is None and not each.exclude
    column = _column(serializer, each.field_name)
    lookup = column is not None and _lookup(each.lookup_expr, column)
    if not (is_plain and lookup and column is not None):
        return None
    field = field_of(serializer, column.attname)
    return [field, lookup] if field else None


def _column(serializer: type[Serializer], name: str) -> Any:
    if not issubclass(serializer, ModelSerializer):
        return None
    try:
        return serializer.Meta.model._meta.get_field(name.removesuffix("_id"))
    except FieldDoesNotExist:
        pass
    try:
        return serializer.Meta.model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _lookup(lookup: str, column: Any) -> str | None:
    """Returns the name by which the client knows the comparison of this column, or None when only the database can do
    it: of text by order, of decimal numbers, without regard to case."""
    compared = column.target_field if isinstance(column, models.ForeignKey) else column
    if lookup == EXACT and isinstance(compared, models.UUIDField):
        return ID
    if lookup == EXACT and isinstance(compared, _EXACT):
        return EXACT
    if lookup in RANGES and isinstance(compared, (models.DateTimeField, models.IntegerField)):
        return lookup
    return None
