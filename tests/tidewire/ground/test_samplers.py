"""Gauges that are set at each sample."""

from __future__ import annotations

import pytest

from tidewire.ground import metrics


class Part:
    """Something with gauges, which may fail to set them."""

    def __init__(self, fails: bool = False) -> None:
        self.calls, self._fails = 0, fails

    def set_gauges(self) -> None:
        self.calls += 1
        if self._fails:
            raise ZeroDivisionError


@pytest.fixture(autouse=True)
def _none_before(monkeypatch):
    monkeypatch.setattr(metrics, "_samplers", [])


def test_a_sampler_that_fails_is_logged_and_the_others_run(caplog):
    bad, good, calls = Part(fails=True), Part(), []
    for sampler in (bad.set_gauges, good.set_gauges, lambda: calls.append(1)):
        metrics.at_each_sample(sampler)
    metrics.run_samplers()
    metrics.run_samplers()
    assert (bad.calls, good.calls, len(calls)) == (2, 2, 2)
    assert caplog.text.count("gauges could not be set") == 2


def test_a_sampler_goes_with_its_object():
    one, other = Part(), Part()
    metrics.at_each_sample(one.set_gauges)
    metrics.at_each_sample(other.set_gauges)
    del one
    metrics.run_samplers()
    assert (other.calls, len(metrics._samplers)) == (1, 1)
