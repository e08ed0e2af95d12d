"""From the rows of a compiled query to what a DRF serializer returns of their instances, without the instances.

Making an instance and asking each field of a serializer for its attribute takes several times as long as fetching the
row. A plan is derived from the serializer once: for each field the place of its column, and what the field makes of a
value. The serializer stays the reference. What a plan cannot be derived for keeps its instances (`Unplannable`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db.models import Model
from rest_framework import relations, serializers
from rest_framework.fields import Field, empty

Row = Sequence[Any]
Reader = Callable[[Row], Any]
Path = tuple[str, ...]

_ATTRIBUTE_READERS = (Field.get_attribute, relations.RelatedField.get_attribute)
_ROW_WRITERS = (serializers.Serializer.to_representation, serializers.ModelSerializer.to_representation)


class Unplannable(Exception):
    """A serializer needs instances. The text says which of its fields does, and why."""


class RelatedObject(NamedTuple):
    """An object that a query joins: the place of its key's column, which holds None where there is no object."""

    key: int
    is_nullable: bool


class Shape(NamedTuple):
    """The columns of a compiled query's rows.

    columns: {path of a value from the row's object, such as ("author", "name"): its place}.
    objects: {path of a joined object, such as ("author",): its key}.
    sources: {path of a value: (model, name of its column)}. The name is "*" for rows of another table as one value. An
        annotation of another kind has no source.
    """

    columns: dict[Path, int]
    objects: dict[Path, RelatedObject]
    sources: dict[Path, tuple[type[Model], str]]


class RowPlan:
    """Makes the JSON value of one row. Raises Unplannable where the serializer cannot do without instances.

    A field's `to_representation` is called with the value of its column. It has no request and no instance.
    """

    def __init__(self, serializer: serializers.BaseSerializer[Any], shape: Shape) -> None:
        self._shape = shape
        self.shown: set[Path] = set()
        """The paths of the values that the JSON is made of."""
        self._read = self._object_reader(serializer, ())

    def data(self, rows: Sequence[Row]) -> list[Any]:
        """Returns what the serializer returns of these rows' instances, with `many=True`."""
        read = self._read
        return [read(row) for row in rows]

    def _object_reader(self, serializer: serializers.BaseSerializer[Any], path: Path) -> Reader:
        name = type(serializer).__name__
        if not isinstance(serializer, serializers.Serializer):
            raise Unplannable(f"{name} is no Serializer")
        if type(serializer).to_representation not in _ROW_WRITERS:
            raise Unplannable(f"{name} has a to_representation of its own")
        fields = [(str(field.field_name), self._reader(field, path)) for field in serializer._readable_fields]

        def read(row: Row) -> dict[str, Any]:
            return {name: read_field(row) for name, read_field in fields}

        return read

    def _reader(self, field: Any, path: Path) -> Reader:
        """Returns the reader of a field of the object at `path`."""
        name = f"{type(field.parent).__name__}.{field.field_name}"
        if isinstance(field, serializers.BaseSerializer) and not isinstance(field, serializers.ListSerializer):
            return self._nested_reader(field, path, name)
        if type(field).get_attribute not in _ATTRIBUTE_READERS:
            raise Unplannable(f"{name} reads its value itself")
        if field.source == "*":
            raise Unplannable(f"{name} needs an instance")
        source = (*path, *field.source_attrs)
        place = self._shape.columns.get(source)
        if place is None:
            raise Unplannable(f"{name} shows {'.'.join(source)}, which is no column or annotation of the query")
        if len(field.source_attrs) > 1 and self._may_be_missing(source, len(path)) and not _is_null_if_missing(field):
            raise Unplannable(f"{name} leaves a value out where a joined object is missing")
        self.shown.add(source)
        return _value_reader(place, _conversion(field))

    def _nested_reader(self, field: Any, path: Path, name: str) -> Reader:
        if type(field).get_attribute not in _ATTRIBUTE_READERS:
            raise Unplannable(f"{name} reads its value itself")
        if field.source == "*":
            return self._object_reader(field, path)
        source = (*path, *field.source_attrs)
        joined = self._shape.objects.get(source)
        if joined is None:
            raise Unplannable(f"{name} shows {'.'.join(source)}, which the query does not join")
        if len(field.source_attrs) > 1 and self._may_be_missing(source, len(path)) and not _is_null_if_missing(field):
            raise Unplannable(f"{name} leaves a value out where a joined object is missing")
        read, key = self._object_reader(field, source), joined.key
        return lambda row: None if row[key] is None else read(row)

    def _may_be_missing(self, source: Path, depth: int) -> bool:
        """Returns whether an object on the way to `source` may be missing, below the first `depth` names."""
        objects = [self._shape.objects.get(source[:end]) for end in range(depth + 1, len(source))]
        return any(each is None or each.is_nullable for each in objects)


def _is_null_if_missing(field: Any) -> bool:
    return field.default is empty and field.allow_null


def _conversion(field: Any) -> Callable[[Any], Any] | None:
    """Returns what the field makes of a value that is not None; None if it shows the value as it is."""
    if isinstance(field, relations.PrimaryKeyRelatedField):
        return field.pk_field.to_representation if field.pk_field is not None else None
    if isinstance(field, relations.RelatedField):
        raise Unplannable(f"{type(field.parent).__name__}.{field.field_name} needs the related instance")
    method = type(field).to_representation
    if method is serializers.UUIDField.to_representation and field.uuid_format == "hex_verbose":
        return str
    if method is serializers.CharField.to_representation:
        return str
    if method is serializers.IntegerField.to_representation:
        return int
    return field.to_representation


def _value_reader(place: int, convert: Callable[[Any], Any] | None) -> Reader:
    if convert is None:
        return lambda row: row[place]

    def read(row: Row) -> Any:
        value = row[place]
        return None if value is None else convert(value)

    return read
