"""Prepared queries whose rows are JSON: what a serializer returns of their instances, without the instances."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, Generic, ParamSpec, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.serializers import BaseSerializer

from tidewire.ground.conf import conf
from tidewire.queries.compiled_query import CompiledQuery
from tidewire.queries.prepared_query import PreparedQuery
from tidewire.queries.row_plan import Path, RowPlan, Unplannable

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Model)
P = ParamSpec("P")


class SerializedRows:
    """Rows as JSON values in `data`, in the order of the query."""

    def __init__(self, data: list[Any], rows: Sequence[Any], places: dict[Path, int] | None) -> None:
        """`rows` are tuples with `places` of their columns, or instances."""
        self.data = data
        self._rows, self._places = rows, places

    def value(self, index: int, path: Path) -> Any:
        """Returns a column of one row: one of those that `PreparedRows` was asked to keep."""
        row = self._rows[index]
        if self._places is not None:
            return row[self._places[path]]
        value = reduce(lambda part, name: getattr(part, name, None), path, row)
        return value.pk if isinstance(value, Model) else value

    def first(self, count: int) -> SerializedRows:
        """Returns the first of these rows, at most so many."""
        return self if count >= len(self.data) else SerializedRows(self.data[:count], self._rows[:count], self._places)

    def __len__(self) -> int:
        return len(self.data)


class PreparedRows(Generic[M, P]):
    """A prepared query together with the serializer of its rows.

        MESSAGES = PreparedRows(lambda room_id: Message.objects.filter(room=room_id).whole(), MessageSerializer)
        MESSAGES.all("default", room_id).data

    The result is that of the serializer with instances of the query, `many=True` and no context. Where the serializer
    needs instances, or the query cannot be compiled in advance, or the setting PREPARED_QUERIES is off, it is made that
    way. `why_not` says which field is the reason.
    """

    def __init__(
        self, build: Callable[P, QuerySet[M]], serializer_class: type[BaseSerializer[Any]], kept: Sequence[Path] = ()
    ) -> None:
        """`kept` are paths of columns that the caller reads beside the JSON values, such as ("author", "name")."""
        self.serializer_class = serializer_class
        self._query, self._kept = PreparedQuery(build), kept

    def all(self, using: str, *args: P.args, **params: P.kwargs) -> SerializedRows:
        """Returns the rows that the queryset has on this database."""
        query = self._query.compiled(using, *args) if conf.PREPARED_QUERIES else None
        plan = None if query is None else self._plan(query)
        if query is None or plan is None:
            instances = self._query.all(using, *args, **params)
            return SerializedRows(self.serializer_class(instances, many=True).data, instances, None)
        rows = query.rows(args)
        return SerializedRows(plan.data(rows), rows, query.shape.columns)

    def first(self, using: str, *args: P.args, **params: P.kwargs) -> Any:
        """Returns the JSON value of the first of these rows, or None. All are read."""
        return next(iter(self.all(using, *args, **params).data), None)

    def why_not(self, using: str, *args: P.args, **params: P.kwargs) -> str:
        """Returns why rows with parameters of these types need instances; "" if they do not."""
        query = self._query.compiled(using, *args)
        if query is None:
            return "the query cannot be compiled in advance"
        try:
            self._derived(query)
        except Unplannable as reason:
            return str(reason)
        return ""

    def _plan(self, query: CompiledQuery) -> RowPlan | None:
        if self.serializer_class not in query.plans:
            try:
                query.plans[self.serializer_class] = self._derived(query)
            except Unplannable as reason:
                logger.info("%s is given instances: %s", self.serializer_class.__name__, reason)
                query.plans[self.serializer_class] = None
        return query.plans[self.serializer_class]

    def _derived(self, query: CompiledQuery) -> RowPlan:
        if query.has_prefetches:
            raise Unplannable("the query has a prefetch_related: an aggregate such as RelatedRows takes its place")
        for path in self._kept:
            if path not in query.shape.columns:
                raise Unplannable(f"{'.'.join(path)} is no column or annotation of the query")
        return RowPlan(self.serializer_class(), query.shape)
