"""The measure of bench.pruning tells 1.1 from 1.0 on a machine with noise."""

from __future__ import annotations

import random

from bench.pruning import MOST_RATIO, Turns


def measured(factor: float) -> Turns:
    """Makes forty rounds of answers of some 5 ms, some of them far slower, and those of some rounds too. While the
    pruner runs they take so many times as long."""
    draw = random.Random(3)

    def answers(noise: float, factor: float) -> list[float]:
        return [factor * noise * draw.lognormvariate(-5.3, 0.5) for _ in range(400)]

    noises = [draw.choice([1.0, 1.0, 1.0, 3.0]) for _ in range(40)]
    return Turns([(answers(noise, factor), answers(noise, 1.0)) for noise in noises])


def test_writers_that_are_not_hurt_are_seen_so():
    low, high = measured(1.0).figures()["p99_interval"]
    assert low < 1.0 < high < MOST_RATIO


def test_writers_that_are_hurt_are_seen_so():
    figures = measured(1.2).figures()
    low, high = figures["p99_interval"]
    assert MOST_RATIO < low < figures["p99_ratio"] < high


def test_the_percentile_is_that_of_all_answers():
    figures = Turns([([0.1] * 98 + [0.5] * 2, [0.1] * 100)]).figures()
    assert (figures["p50_ms"], figures["p99_ms"]) == ([100.0, 100.0], [500.0, 100.0])
