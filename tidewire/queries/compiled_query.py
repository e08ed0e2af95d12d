"""The SQL of a queryset, with the places of its parameters: what `PreparedQuery` keeps for one thread.

A queryset is compiled with samples in the place of its parameters. A value of the statement that equals a sample is the
parameter's; two sets of samples must agree. This relies on what `ModelIterable` of Django 5.2 to 6.1 does with a
compiler. The tests compare the two for many shapes of query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, Prefetch, QuerySet, prefetch_related_objects
from django.db.models.expressions import Col
from django.db.models.query import ModelIterable, get_related_populators
from django.db.transaction import TransactionManagementError

from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.related_rows import RelatedRows
from tidewire.queries.row_plan import RelatedObject, RowPlan, Shape

Build = Callable[..., QuerySet[Any]]

UNPREPARABLE = (EmptyResultSet, FieldError, ValidationError, TypeError, ValueError)
"""Raised by Django for samples that a queryset cannot take, and here for what cannot be compiled in advance."""

SAMPLES: dict[type, Callable[[int, int], Any]] = {
    UUID: lambda place, round: UUID(int=place << 64 | round),
    int: lambda place, round: 20_000 + 100 * place + round,  # fits a small integer, and later bounds are higher ones
    str: lambda place, round: f"sample {place} {round}",
    datetime: lambda place, round: datetime(2001, 1, 1 + place % 28, 0, 0, round, place, tzinfo=UTC),
}
"""{type of a parameter: a value of it, for the place of the parameter and the round of compiling}."""

TYPES = {UUID: "uuid", int: "bigint", str: "unknown", datetime: "timestamptz"}
"""PostgreSQL's types, of a parameter that is compared with a column: the comparison has the meaning that it has with a
literal value, also where an integer is larger than the column's type."""

_COMPARED = re.compile(r'"\."[^"]+" (=|<|>|<=|>=) $|"\."[^"]+" IN \((%s, )*$')
"""The SQL before a value that a column is compared with."""

_PLACE = re.compile(r"%(.)")


class Compiled(NamedTuple):
    """A queryset, compiled with samples."""

    queryset: Any
    compiler: Any
    sql: str
    params: tuple[Any, ...]


class Value(NamedTuple):
    """One value of a statement: the parameter in this place, converted; or a constant, whose place is -1."""

    place: int
    convert: Callable[[Any], Any] | None = None
    constant: Any = None

    @property
    def is_constant(self) -> bool:
        return self.place < 0

    def of(self, values: Sequence[Any]) -> Any:
        if self.place < 0:
            return self.constant
        return values[self.place] if self.convert is None else self.convert(values[self.place])


def compiled(build: Build, values: Sequence[Any], using: str) -> Compiled:
    """Compiles the queryset of these values. Raises one of UNPREPARABLE."""
    queryset: Any = build(*values).using(using)
    if not isinstance(queryset, QuerySet) or getattr(queryset, "_iterable_class", None) is not ModelIterable:
        raise TypeError("a prepared query returns instances")
    if getattr(queryset, "_known_related_objects", None) or queryset.query.combinator:
        raise ValueError("it starts from a related manager, or combines querysets")
    if type(getattr(queryset, "_fetch_mode", None)).__name__ not in ("NoneType", "FetchOne"):  # Django 6.1
        raise ValueError("it fetches missing columns in a way of its own")
    compiler = queryset.query.get_compiler(using=using)
    sql, params = compiler.as_sql()
    return Compiled(queryset, compiler, sql, tuple(params))


class CompiledQuery:
    """A queryset of instances for one connection, compiled once. `values` are those of the parameters, in order."""

    def __init__(self, build: Build, samples: Sequence[Sequence[Any]], sampled: Sequence[int], using: str) -> None:
        """`samples` are two sets of values that differ in the places `sampled` only. Raises one of UNPREPARABLE."""
        first, second = (compiled(build, values, using) for values in samples)
        self._connection: BaseDatabaseWrapper = first.compiler.connection
        if first.sql != second.sql or _prefetched(first.queryset, using) != _prefetched(second.queryset, using):
            raise ValueError("a parameter changes more than a value of the statement")
        pairs = zip(first.params, second.params, strict=True)
        self._values = [self._value(pair, samples, sampled) for pair in pairs]
        self._prefetches = first.queryset._prefetch_related_lookups
        self._is_locking = first.queryset.query.select_for_update and self._connection.features.has_select_for_update
        self._statement = self._prepared(first.sql, [type(value) for value in samples[0]])
        self._read_shape(first.queryset, first.compiler, using)

    def _value(self, pair: tuple[Any, Any], samples: Sequence[Sequence[Any]], sampled: Sequence[int]) -> Value:
        """Finds the parameter that gives both values of the pair."""
        conversions = (None, attrgetter("hex"), self._connection.ops.adapt_datetimefield_value)
        for place in sampled:
            for convert in conversions:
                value = Value(place, convert)
                try:
                    if all(param == value.of(values) for param, values in zip(pair, samples, strict=True)):
                        return value
                except (AttributeError, ValueError):  # a conversion of other types
                    continue
        if pair[0] != pair[1]:
            raise ValueError("a parameter is converted in a way that is not known here")
        return Value(-1, constant=pair[0])

    def _prepared(self, sql: str, types: Sequence[type]) -> PreparedStatement:
        """Returns the statement. PostgreSQL prepares it where each parameter is compared with a column; elsewhere a
        parameter would not have the type of a literal value. Constants then become a part of the text."""
        places = [found.start() for found in _PLACE.finditer(sql) if found[1] == "s"]
        starts = [(value, start) for value, start in zip(self._values, places, strict=True) if not value.is_constant]
        are_compared = all(_COMPARED.search(sql, 0, start) for _, start in starts)
        if self._connection.vendor != "postgresql" or not are_compared:
            return PreparedStatement(sql, types=None)
        self._connection.ensure_connection()
        values = iter(self._values)
        text = _PLACE.sub(lambda found: self._literal(next(values)) if found[1] == "s" else found[0], sql)
        self._values = [value for value, _ in starts]
        return PreparedStatement(text, [TYPES[types[value.place]] for value in self._values])

    def _literal(self, value: Value) -> str:
        if not value.is_constant:
            return "%s"
        operations: Any = self._connection.ops  # PostgreSQL's
        return operations.compose_sql("%s", [value.constant]).replace("%", "%%")

    def _read_shape(self, queryset: Any, compiler: Any, using: str) -> None:
        select, klass_info = compiler.select, compiler.klass_info
        fields = klass_info["select_fields"]
        self._using, self._model = using, klass_info["model"]
        self._columns = slice(fields[0], fields[-1] + 1)
        self._names = [column[0].target.attname for column in select[self._columns]]
        self._compiler = compiler
        columns = [column for column, *_ in select[: compiler.col_count]]
        if compiler.has_composite_fields(columns):
            raise ValueError("it selects a composite key as one value")
        self._converters = compiler.get_converters(columns)
        populators: Any = get_related_populators
        mode = [queryset._fetch_mode] if hasattr(queryset, "_fetch_mode") else []  # from Django 6.1 on
        self._related = populators(klass_info, select, using, *mode)
        self._annotations = list(compiler.annotation_col_map.items())
        self.shape = _shape(compiler)
        self.plans: dict[type, RowPlan | None] = {}

    @property
    def has_prefetches(self) -> bool:
        return bool(self._prefetches)

    def rows(self, values: Sequence[Any]) -> list[Any]:
        """Runs the query. Returns its rows, with the columns converted as their fields want."""
        if self._is_locking and self._connection.get_autocommit():
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        cursor = self._statement.execute(self._connection, [value.of(values) for value in self._values])
        return list(self._compiler.apply_converters(cursor.fetchall(), self._converters))

    def instances(self, values: Sequence[Any]) -> list[Any]:
        """Runs the query, and those of its prefetches. Returns what the queryset would."""
        found = [self._instance(row) for row in self.rows(values)]
        if found and self._prefetches:
            prefetch_related_objects(found, *self._prefetches)
        return found

    def _instance(self, row: Any) -> Model:
        instance = self._model.from_db(self._using, self._names, row[self._columns])
        for related in self._related:
            related.populate(row, instance)
        for name, column in self._annotations:
            setattr(instance, name, row[column])
        return instance


def shape_of(queryset: Any, using: str) -> Shape:
    """Returns where the values of a queryset's rows stand, without a query. Raises one of UNPREPARABLE."""
    compiler = queryset.using(using).query.get_compiler(using=using)
    compiler.as_sql()
    return _shape(compiler)


def _shape(compiler: Any) -> Shape:
    """Returns where the values of a row stand. A foreign key has two names: that of its column and its own."""
    shape = Shape({}, {}, {})
    for name, place in compiler.annotation_col_map.items():
        shape.columns[name,] = place
        annotation = compiler.query.annotations.get(name)  # none for a column of extra()
        if isinstance(annotation, RelatedRows):
            shape.sources[name,] = (cast("type[Model]", annotation.query.model), "*")
        elif isinstance(annotation, Col):
            shape.sources[name,] = (annotation.target.model, annotation.target.name)

    def add(info: dict[str, Any], path: tuple[str, ...]) -> None:
        for place in info["select_fields"]:
            field = compiler.select[place][0].target
            for name in {field.attname, field.name}:
                shape.columns[(*path, name)] = place
                shape.sources[(*path, name)] = (field.model, field.name)
        for related in info.get("related_klass_infos", []):
            if isinstance(related["local_setter"], partial):  # a FilteredRelation, which has a name of its own
                continue
            field, is_reverse = related["field"], related["reverse"]
            name = field.remote_field.get_cache_name() if is_reverse else field.name
            add(related, (*path, name))
            place = shape.columns.get((*path, name, related["model"]._meta.pk.attname))
            if place is not None:
                shape.objects[(*path, name)] = RelatedObject(place, is_reverse or field.null)

    add(compiler.klass_info, ())
    key = (compiler.klass_info["model"]._meta.pk.attname,)
    if key in shape.columns:
        shape.columns["pk",] = shape.columns[key]
    return shape


def _prefetched(queryset: Any, using: str) -> list[Any]:
    """Describes the prefetches of a queryset, so that those of another can be compared with them."""
    described = []
    for lookup in queryset._prefetch_related_lookups:
        if isinstance(lookup, Prefetch) and lookup.queryset is not None:
            inner: Any = lookup.queryset
            statement = inner.query.get_compiler(using=using).as_sql()
            described.append((lookup.prefetch_through, lookup.prefetch_to, statement, _prefetched(inner, using)))
        else:
            described.append(str(lookup) if isinstance(lookup, str) else (lookup.prefetch_through, lookup.prefetch_to))
    return described
