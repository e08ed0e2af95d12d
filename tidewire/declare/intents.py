"""Why a row was changed: the name of the event, where "updated" says too little.

    with told_as(Metric, "metric.alarm"):
        Metric.objects.filter(pk=pk).update(state="alarm")

The declaration lists such names (`Live(…, intents=…)`), so that the documents know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_intents: ContextVar[tuple[tuple[type, str], ...]] = ContextVar("tidewire_intents", default=())


@contextmanager
def told_as(model: type, type: str) -> Iterator[None]:
    """Inside the block, updates of rows of `model` are events of this type, where a declaration lists it."""
    token = _intents.set(((model, type), *_intents.get()))
    try:
        yield
    finally:
        _intents.reset(token)


def intent_of(model: type, declared: tuple[str, ...]) -> str | None:
    """The innermost of the declared types that updates of `model` are told as here."""
    return next((type for told, type in _intents.get() if told is model and type in declared), None)
