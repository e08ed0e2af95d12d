"""Recording facts: events of an application that are not the state of a row."""

from __future__ import annotations

from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from tidewire.declare.live import Fact
from tidewire.ground.actors import current_actor
from tidewire.transactions.commit import note
from tidewire.transactions.notes import FactNote

V = TypeVar("V")


def record(fact: Fact[V], key: object, value: V, *, about: Model | None = None, using: str = DEFAULT_DB_ALIAS) -> None:
    """Makes `value` an event of the stream of `key`, if and when the surrounding transaction commits.

    It is serialised just before COMMIT, with the events of the rows. `about` is the row that the fact is about: when a
    deletion event of that row is recorded in the same stream, the fact is erased with it. Raises ValueError when `key`
    makes no stream name.
    """
    name = f"{about._meta.label_lower}:{about.pk}" if about is not None else ""
    note(using, [FactNote(fact, fact.kind(key), value, name, current_actor())])
