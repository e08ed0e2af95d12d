"""Tries each declaration on an example row, so that what would fail at each write fails at start.

Nothing is written, and the database is not asked: code that asks it cannot be tried, and passes. An error is reported
where it is sure that each write would fail, and a warning where it may be the example that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.core import checks
from django.db import models

from tidewire.checks.example_rows import (
    DatabaseAsked,
    example_row,
    put_related_rows,
    put_what_a_query_adds,
    without_database,
)
from tidewire.checks.messages import error, warning
from tidewire.declare.live import Live
from tidewire.log.building import EventError, to_json

HINT = (
    "Recording has no request: leave out what needs one, or set it where the row is shown. Compare the fields of the "
    "serializer with those of the model."
)


class _Missing(Exception):
    """A serializer has asked its context for something that recording does not have."""


class _Context(dict[str, Any]):
    """The context of serializers in recording, which is empty."""

    def __missing__(self, name: str) -> Any:
        raise _Missing(f"context[{name!r}]")


def rehearse(live: Live[Any]) -> list[checks.CheckMessage]:
    """Serialises an example row, and calls the functions of the declaration with it. Returns what fails."""
    row: Any = None

    def made() -> None:
        nonlocal row
        row = example_row(live.model)
        put_related_rows(row)
        put_what_a_query_adds(row, live.queryset() if live.queryset else live.model._default_manager.all())

    if _trouble(made) is not None:  # a model whose __init__ wants more can only be tried with data
        return []
    found: list[checks.CheckMessage] = []
    for name, attempt in _attempts(live, lambda: row):
        trouble = _trouble(attempt)
        if trouble is None or isinstance(trouble, DatabaseAsked):
            continue
        text = f"has {name} that fails for an example row: {_said(trouble)}"
        if _is_certain(trouble):
            found.append(error(live, text, "E135", HINT))
        else:
            found.append(warning(live, text, "W135", f"If rows may be like this, each of their writes fails. {HINT}"))
    return found


def _attempts(live: Live[Any], row: Callable[[], Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yields (what is tried, how). What has a wrong signature is reported by `declarations`, and not tried."""

    def serialise() -> None:
        serializer = live.serializer(context=_Context())
        to_json(serializer.to_representation(row()), live.updated or "")

    def key() -> None:
        to_json(live.key(row()), live.deleted or "")

    yield "a serializer", serialise
    if live.deleted:
        yield "a `key`", key
    yield "an `is_deleted`", lambda: live.is_deleted(row())
    for type in live.types:
        yield "an `ends_access`", lambda type=type: live.ends_access(type, row())
    if live.queryset is not None:
        yield "a `queryset`", lambda: str(live.queryset().query) if live.queryset else ""


def _trouble(attempt: Callable[[], Any]) -> Exception | None:
    """Returns what an attempt raises, or what that was caused by: DRF wraps errors in others."""
    try:
        with without_database():
            attempt()
    except Exception as failure:
        causes = [failure]
        while isinstance(cause := causes[-1].__cause__ or causes[-1].__context__, Exception):
            causes.append(cause)
        known = [cause for cause in causes if isinstance(cause, DatabaseAsked | _Missing | EventError)]
        return (known or causes)[-1]
    return None


def _is_certain(trouble: Exception) -> bool:
    """Returns whether every row causes this error, not only the example."""
    if isinstance(trouble, AttributeError):
        owner: Any = trouble.obj
        return isinstance(owner, models.Model) and not hasattr(type(owner), trouble.name or "")
    return isinstance(trouble, _Missing | NameError | EventError | AssertionError | ImportError)


def _said(trouble: Exception) -> str:
    return f"it needs {trouble}" if isinstance(trouble, _Missing) else f"{type(trouble).__name__}: {trouble}"
