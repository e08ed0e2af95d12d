"""Notes: what a transaction has to record just before its COMMIT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tidewire.declare.live import Fact
from tidewire.ground.actors import Actor


class Note:
    """Something to record before COMMIT.

    It rides in `connection.run_on_commit`, so that Django itself drops it when the savepoint it was made in is rolled
    back. Called after COMMIT, like every entry there, it has nothing left to do.
    """

    __slots__ = ()

    def __call__(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class FactNote(Note):
    """One fact, noted. `about` names the row it is about, with which it leaves the log."""

    fact: Fact
    stream: str
    value: Any
    about: str
    actor: Actor
