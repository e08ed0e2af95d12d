"""An application's own last writes of a transaction, made just before its events are recorded.

For rows that many writers share, such as a counter. If writers locked such rows in the middle of their transactions,
each in an order of its own, they would wait for each other in circles. Here the rows are locked last, all at once, and
for a moment only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tidewire.transactions.notes import Note


class PreCommitStep(Note):
    """What is left to do, before COMMIT, about one thing that was written. A subclass remembers which.

    Note it with `tidewire.note`. When a savepoint is rolled back, the steps that were noted in it are dropped.
    """

    __slots__ = ()

    @classmethod
    def run(cls, steps: list[Any], using: str) -> None:
        """Does all steps of this class that the transaction has, in an order that is the same for every writer.

        A subclass writes `steps: list[Self]`. It may change live models. If it raises, the transaction is rolled back.
        """
        raise NotImplementedError


def in_order(steps: Iterable[PreCommitStep]) -> list[tuple[type[PreCommitStep], list[PreCommitStep]]]:
    """Returns the steps by their classes, in an order of the classes that is the same in every process."""
    kinds: dict[type[PreCommitStep], list[PreCommitStep]] = {}
    for step in steps:
        kinds.setdefault(type(step), []).append(step)
    return sorted(kinds.items(), key=lambda entry: f"{entry[0].__module__}.{entry[0].__qualname__}")
