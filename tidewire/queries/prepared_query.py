"""Queries that are compiled once and run many times, for the few that every write runs.

The ORM takes longer to compile such a query than PostgreSQL to answer it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from enum import Enum
from inspect import signature
from typing import Any, Generic, ParamSpec, TypeVar

from django.db import connections
from django.db.models import Model, QuerySet

from tidewire.ground.conf import conf
from tidewire.queries.compiled_query import SAMPLES, UNPREPARABLE, Build, CompiledQuery, compiled

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Model)
P = ParamSpec("P")

MAX_STATEMENTS = 64
"""How many statements one query keeps in a thread, where a parameter is a part of the statement's text."""


_MIN_BIGINT, _MAX_BIGINT = -(2**63), 2**63 - 1


class PreparedQuery(Generic[M, P]):
    """A queryset with parameters, compiled at its first use in each thread.

        MEMBERSHIP = PreparedQuery(lambda room_id, user_id: Member.objects.filter(room=room_id, user=user_id))
        member = MEMBERSHIP.first("default", room_id, user_id)

    `build` returns the queryset of its parameters: of instances, with any filters, joins, annotations, prefetches and
    slices. It is called with samples when the query is compiled, and not again. So it must hand on its parameters as
    they are, and depend on nothing else that changes, such as the time.

    A parameter that is an `int`, `str`, `UUID` or an aware `datetime` becomes a parameter of the statement. Where it
    changes the text of the statement, as the bound of a slice does, there is a statement for each value, and so for a
    bool, an enum and None. What cannot be compiled in advance, such as a filter by a list, is run as the queryset that
    it is, with the same result. So is everything where the setting PREPARED_QUERIES is off.
    """

    def __init__(self, build: Callable[P, QuerySet[M]]) -> None:
        self._build = build
        self._signature = signature(build)
        self._of_thread = _OfThread()

    def all(self, using: str, *args: P.args, **params: P.kwargs) -> list[M]:
        """Returns the rows that the queryset has on this database."""
        values = self._signature.bind(*args, **params).args if params else args
        query = self.compiled(using, *values) if conf.PREPARED_QUERIES else None
        return list(self._build(*args, **params).using(using)) if query is None else query.instances(values)

    def first(self, using: str, *args: P.args, **params: P.kwargs) -> M | None:
        """Returns the first of these rows, or None. All are read: slice the queryset where there may be many."""
        return next(iter(self.all(using, *args, **params)), None)

    def compiled(self, using: str, *values: Any) -> CompiledQuery | None:
        """Returns the query for these values in this thread; None if it cannot be compiled in advance."""
        known = self._of_thread.variants
        kinds = (using, *map(type, values))
        variants = known.get(kinds)
        if variants is None or variants.connection is not connections[using]:
            variants = known[kinds] = _Variants(self._build, values, using)
        return variants.of(values)


class _OfThread(threading.local):
    def __init__(self) -> None:
        self.variants: dict[tuple[Any, ...], _Variants] = {}


class _Variants:
    """The statements of one query for parameters of the same types, on one connection.

    in_text: the places of the parameters that change the text of the statement.
    """

    def __init__(self, build: Build, values: Sequence[Any], using: str) -> None:
        self.connection = connections[using]
        self._build, self._using = build, using
        self._statements: dict[tuple[Any, ...], CompiledQuery | None] = {}
        self._sampled = [place for place, value in enumerate(values) if type(value) in SAMPLES]
        self._integers = [place for place in self._sampled if type(values[place]) is int]
        self._in_text = [place for place in range(len(values)) if place not in self._sampled]
        self._is_preparable = all(isinstance(values[place], bool | Enum | None) for place in self._in_text)
        if self._is_preparable:
            self._find_in_text(values)

    def of(self, values: Sequence[Any]) -> CompiledQuery | None:
        """Returns the query for these values; None if it cannot be compiled in advance."""
        if not self._is_preparable or not all(_MIN_BIGINT <= values[place] <= _MAX_BIGINT for place in self._integers):
            return None
        texts = tuple(values[place] for place in self._in_text)
        if texts not in self._statements:
            if len(self._statements) >= MAX_STATEMENTS:
                del self._statements[next(iter(self._statements))]
            self._statements[texts] = self._compiled(values)
        return self._statements[texts]

    def _find_in_text(self, values: Sequence[Any]) -> None:
        """Changes one parameter after the other, and compares the text."""
        samples = self._with_samples(values, self._sampled, 0)
        try:
            text = compiled(self._build, samples, self._using).sql
            for place in [*self._sampled]:
                changed = self._with_samples(samples, [place], 1)
                if compiled(self._build, changed, self._using).sql != text:
                    self._sampled.remove(place)
                    self._in_text.append(place)
        except UNPREPARABLE as error:
            self._is_preparable = False
            logger.info("%s is compiled anew each time: %s", self._build, error or type(error).__name__)

    def _compiled(self, values: Sequence[Any]) -> CompiledQuery | None:
        samples = [self._with_samples(values, self._sampled, round) for round in (0, 1)]
        try:
            return CompiledQuery(self._build, samples, self._sampled, self._using)
        except UNPREPARABLE as error:
            logger.info("%s is compiled anew each time: %s", self._build, error or type(error).__name__)
            return None

    def _with_samples(self, values: Sequence[Any], places: Sequence[int], round: int) -> list[Any]:
        return [SAMPLES[type(v)](place, round) if place in places else v for place, v in enumerate(values)]
