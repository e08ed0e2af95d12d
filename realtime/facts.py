"""What an application says happened, beside what its rows say: events that are declared as a `Fact`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from realtime.actors import Actor, current_actor
from realtime.changes import Note, note
from realtime.live import Fact


@dataclass(frozen=True, slots=True)
class Happening(Note):
    """One fact, noted. `about` names the row it is about, with which it leaves the log."""

    fact: Fact
    stream: str
    value: Any
    about: str
    actor: Actor


def record(fact: Fact, key: Any, value: Any, *, about: Model | None = None, using: str = DEFAULT_DB_ALIAS) -> None:
    """Makes `value` an event of the stream of `key`, if and when the surrounding transaction commits.

    It is serialised just before COMMIT, with the events of the rows. `about` is the row that the fact tells of: when a
    deletion event of that row is recorded in the same stream, the fact is erased with it.
    """
    name = f"{about._meta.label_lower}:{about.pk}" if about is not None else ""
    note(using, [Happening(fact, fact.kind(key), value, name, current_actor())])
