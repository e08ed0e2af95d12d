"""A start-up check of the lists that have an ETag: their stream has an event of every change that they show."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import DEFAULT_DB_ALIAS
from django.urls import get_resolver

from tidewire.declare.registry import registry
from tidewire.queries.compiled_query import UNPREPARABLE, shape_of
from tidewire.queries.row_plan import RowPlan, Unplannable
from tidewire.rest.prepared_pages import TAGGED, PreparedPages


@checks.register("tidewire")
def check_tagged_lists(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    if getattr(settings, "ROOT_URLCONF", None):
        _ = get_resolver().url_patterns  # imports the views
    return [
        checks.Error(
            f"The list of {pages.serializer_class.__name__} has an ETag, and {problem}.",
            hint="Leave told_by out, or name a Clock that every change of the value raises.",
            obj=pages.serializer_class,
            id="tidewire.E130",
        )
        for pages in TAGGED
        for problem in problems_of(pages)
    ]


def problems_of(pages: PreparedPages) -> Iterator[str]:
    """Yields what the list shows that neither its stream nor one of its clocks tells of."""
    for name in sorted(name for clock in pages.clocks for name in clock.columns):
        try:
            label, _, column = name.rpartition(".")
            apps.get_model(label)._meta.get_field(column)
        except (LookupError, ValueError, FieldDoesNotExist):
            yield f"one of its clocks counts {name!r}, which is no column: write app.Model.column"
    samples = [UUID(int=number) for number, _ in enumerate(inspect.signature(pages.build).parameters, 1)]
    try:
        shape = shape_of(pages.build(*samples), DEFAULT_DB_ALIAS)
        shown = RowPlan(pages.serializer_class(), shape).shown
    except (Unplannable, *UNPREPARABLE) as error:
        yield f"what it shows cannot be told in advance: {error}"
        return
    for path in sorted(shown):
        source = shape.sources.get(path)
        if source is None:
            yield f"{'.'.join(path)} is an annotation whose rows are not known"
        elif not _is_told(pages, *source):
            yield f"{'.'.join(path)} is {source[0]._meta.label}.{source[1]}, which its stream does not tell of"


def _is_told(pages: PreparedPages, model: Any, name: str) -> bool:
    """Returns whether a change of this column is an event of the list's stream, or raises one of its clocks."""
    if any(f"{model._meta.label}.{name}" in clock.columns for clock in pages.clocks):
        return True
    lives = [live for live in registry.lives_of(model) if live.stream.kind is pages.told_by]
    if lives:
        told = [live for live in lives if live.updated is not None and not live.is_rate_limited]
        return any(name not in live.ignore and (live.fields is None or name in live.fields) for live in told)
    parents = [model._meta.get_field(touch.parent).related_model for touch in registry.touches_of(model)]
    if any(live.stream.kind is pages.told_by for parent in parents for live in registry.lives_of(parent)):
        return True  # a part of a live row
    return name == model._meta.pk.name  # a key of another row, which never changes
