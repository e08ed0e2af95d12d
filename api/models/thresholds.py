"""Thresholds of a metric: which values are alarming, and when that changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A value is alarming when it is above the one, or below the other. None means no threshold."""

    above: float | None
    below: float | None

    def __bool__(self) -> bool:
        return self.above is not None or self.below is not None

    def are_crossed_by(self, value: float) -> bool:
        return (self.above is not None and value > self.above) or (self.below is not None and value < self.below)

    def changes(self, was_alarming: bool, values: Iterable[float]) -> list[bool]:
        """Returns the states to announce after `values`, in the order of time: True is alarming.

        None when the state is the same all the time, one when it ends up as another, and two when it was left and came
        back. An event shows a row as it is at the end of the transaction, so more of them would repeat these.
        """
        states = [self.are_crossed_by(value) for value in values]
        pairs = zip(chain([was_alarming], states), states, strict=False)
        changes = [state for before, state in pairs if state != before]
        return changes[-2:] if len(changes) % 2 == 0 else changes[-1:]
