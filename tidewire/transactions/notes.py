"""Notes: what a transaction has to record just before its COMMIT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidewire.declare.live import Fact
from tidewire.ground.actors import Actor


class Note:
    """Something to record before COMMIT.

    It is an entry of `connection.run_on_commit`, so that Django itself drops it when the savepoint it was made in is
    rolled back. Django calls every such entry after COMMIT; by then a note has been recorded and does nothing.
    """

    __slots__ = ()

    def __call__(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class FactNote(Note):
    """A fact to record. `about` names the row that it is about, with which it is erased, or is empty."""

    fact: Fact
    stream: str
    value: Any
    about: str
    actor: Actor
