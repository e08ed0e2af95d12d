"""Whether what was measured is alarming: told when it begins and when it ends, once each.

Looked at in order of time and under the series' lock, so that of many pushers one sees a crossing. The lock is taken in
the transaction's last step, and held for a moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

from api.models.metrics import Metric
from api.models.samples import Point, Series
from tidewire import PreCommitStep, note, updates_named

EVENT_OF_STATE = {Metric.State.ALARM: "metric.alarm", Metric.State.OK: "metric.ok"}


@dataclass(frozen=True, slots=True)
class Judgement(PreCommitStep):
    """New points of one series, to be held against its metric's thresholds."""

    series_id: int
    points: tuple[Point, ...]

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        points: dict[int, list[Point]] = {}
        for step in steps:
            points.setdefault(step.series_id, []).extend(step.points)
        locked = Series.objects.using(using).select_for_update(of=("self",), no_key=True).select_related("metric")
        for series in locked.filter(pk__in=points).order_by("pk"):
            _judge(series, points[series.pk], using)


def judge(metric: Metric, series: Series, points: Iterable[Point]) -> None:
    """Has new points held against the thresholds, if there are any, before the transaction ends."""
    points = tuple(points)
    if metric.has_thresholds and points:
        note(series._state.db, [Judgement(series.pk, points)])


def _judge(series: Series, points: list[Point], using: str) -> None:
    """What is older than what was looked at changes nothing: it is no longer so."""
    metric = series.metric
    news = sorted(point for point in points if point.at > series.judged_at)
    if not news:
        return
    series.judged_at = news[-1].at
    series.save(using=using, update_fields=["judged_at"])
    for state in _crossings(metric, news):
        _tell(metric, state, using)


def _crossings(metric: Metric, points: list[Point]) -> list[Any]:
    """The states to tell of: none, the new one, or, where it was left and come back to, both. A transaction tells of a
    row as it is at its end: more often than that would only repeat the same news."""
    states = [Metric.State.ALARM if metric.is_alarming(point.value) else Metric.State.OK for point in points]
    changes = [state for before, state in zip(chain([metric.state], states), states, strict=False) if state != before]
    return changes[-2:] if len(changes) % 2 == 0 else changes[-1:]


def judge_anew(metric: Metric) -> None:
    """Other thresholds hold: the latest sample is held against them."""
    using = metric._state.db
    series = Series.objects.using(using).select_for_update(of=("self",), no_key=True).filter(metric=metric).first()
    latest = series.latest() if series else None
    is_alarming = latest is not None and metric.is_alarming(latest.value)
    state = Metric.State.ALARM if is_alarming else Metric.State.OK
    if state != metric.state:
        _tell(metric, state, using)


def _tell(metric: Metric, state: Any, using: str) -> None:
    with updates_named(Metric, EVENT_OF_STATE[state]):
        Metric.objects.using(using).filter(pk=metric.pk).update(state=state)
