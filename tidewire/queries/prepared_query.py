"""A query that is compiled once and asked many times, for the few that every write asks.

The ORM takes longer to write such a query down than PostgreSQL to answer it. It is still the ORM that does: once in a
thread, with other keys in the place of those that are asked for later. This stands on what `ModelIterable` of Django
5.2 does with a compiler; `test_compiled.py` holds the two against each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from inspect import signature
from typing import Any
from uuid import UUID, uuid4

from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.query import RelatedPopulator, get_related_populators

from tidewire.queries.instances import Instances, from_row
from tidewire.queries.prepared_statement import PreparedStatement


class PreparedQuery:
    """`build(*keys)` is the queryset. Its keys are UUIDs, it is neither sliced by them nor does it prefetch; what it
    finds are whole rows (with related ones, with annotations)."""

    def __init__(self, build: Callable[..., QuerySet]) -> None:
        self._build, self._keys = build, len(signature(build).parameters)
        self._of_thread = threading.local()

    def first(self, using: str, *keys: UUID) -> Model | None:
        return next(iter(self.all(using, *keys)), None)

    def all(self, using: str, *keys: UUID) -> list[Model]:
        known: dict[str, _Statement] = self._of_thread.__dict__
        statement = known.get(using)
        if statement is None or statement.connection is not connections[using]:
            statement = known[using] = _Statement(self._build, self._keys, using)
        return statement.rows(keys)


class _Statement:
    """The SQL of one query, for one connection."""

    def __init__(self, build: Callable[..., QuerySet], count: int, using: str) -> None:
        self.connection = connections[using]
        self._using = using
        samples = [uuid4() for _ in range(count)]
        self._compiler = build(*samples).using(using).query.get_compiler(using=using)
        sql, params = self._compiler.as_sql()
        places = {self._prepared(sample): place for place, sample in enumerate(samples)}
        self._statement = PreparedStatement(sql, len(params))
        self._params = [(places.get(param) if isinstance(param, str | UUID) else None, param) for param in params]
        self._read_shape()

    def _prepared(self, key: UUID) -> Any:
        """As the backend wants a UUID."""
        return key if self.connection.features.has_native_uuid_field else key.hex

    def _read_shape(self) -> None:
        select, klass_info = self._compiler.select, self._compiler.klass_info
        fields = klass_info["select_fields"]
        self._model, self._columns = klass_info["model"], slice(fields[0], fields[-1] + 1)
        self._names = [column[0].target.attname for column in select[self._columns]]
        columns = [column for column, *_ in select[: self._compiler.col_count]]
        self._converters = self._compiler.get_converters(columns)
        self._related = _quickened(get_related_populators(klass_info, select, self._using))

    def rows(self, keys: tuple[UUID, ...]) -> list[Model]:
        prepared = [self._prepared(key) for key in keys]
        values = [param if place is None else prepared[place] for place, param in self._params]
        found = self._statement.execute(self.connection, values).fetchall()
        return [self._instance(row) for row in self._compiler.apply_converters(found, self._converters)]

    def _instance(self, row: Any) -> Model:
        instance = from_row(self._model, self._using, self._names, row[self._columns])
        for related in self._related:
            related.populate(row, instance)
        for name, column in self._compiler.annotation_col_map.items():
            setattr(instance, name, row[column])
        return instance


def _quickened(populators: list[RelatedPopulator]) -> list[RelatedPopulator]:
    for populator in populators:
        populator.model_cls = Instances(populator.model_cls)
        _quickened(populator.related_populators)
    return populators
