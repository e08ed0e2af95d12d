"""An application's own last writes of a transaction, made just before its events are recorded.

For rows that many writers share, such as a counter. Locked in the middle of a transaction, in whatever order the writer
came to them, such rows are waited for in circles; here they are locked last, all at once, and for a moment only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tidewire.transactions.notes import Note


class PreCommitStep(Note):
    """What there is left to do for one thing that was written. A subclass remembers which.

    A rolled-back savepoint takes its steps with it.
    """

    __slots__ = ()

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        """Does all the steps of this class, in an order in which every writer would do them. May change live models,
        and raise: the transaction is then rolled back."""
        raise NotImplementedError


def in_order(steps: Iterable[PreCommitStep]) -> list[tuple[type[PreCommitStep], list[PreCommitStep]]]:
    """The steps by their classes, in the same order in every process."""
    kinds: dict[type[PreCommitStep], list[PreCommitStep]] = {}
    for step in steps:
        kinds.setdefault(type(step), []).append(step)
    return sorted(kinds.items(), key=lambda entry: f"{entry[0].__module__}.{entry[0].__qualname__}")
