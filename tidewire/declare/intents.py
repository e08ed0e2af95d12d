"""Why a row was changed: the name of the event, where "updated" says too little.

    with updates_named(Metric, "metric.alarm"):
        Metric.objects.filter(pk=pk).update(state="alarm")

The declaration lists such names (`Live(…, intents=…)`), so that the API documents know them.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db.models import Model

_intents: ContextVar[tuple[tuple[type[Model], str], ...]] = ContextVar("tidewire_intents", default=())


@contextmanager
def updates_named(model: type[Model], type: str) -> Generator[None]:
    """Names the events of updates of `model` inside the block, where a declaration lists `type` among its `intents`.

    A type that no declaration lists is passed over: the update is then the declaration's `updated`.
    """
    token = _intents.set(((model, type), *_intents.get()))
    try:
        yield
    finally:
        _intents.reset(token)


def intent_of(model: type[Model], declared: tuple[str, ...]) -> str | None:
    """Returns the innermost name given to updates of `model` here that is one of `declared`, or None."""
    return next((type for named, type in _intents.get() if named is model and type in declared), None)
