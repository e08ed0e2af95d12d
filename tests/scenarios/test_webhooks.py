"""Webhooks under faults, in a small form. `python -m tests.webhooks` is the large one, which `make verify` runs."""

from __future__ import annotations

import pytest

from tests.rig.site import Sites
from tests.webhooks.run import SETTINGS, Plan, Run


@pytest.mark.only_size("embedded")
def test_nothing_is_lost_or_out_of_order_when_everything_fails(sites: Sites, size: str) -> None:
    """The receiver fails a third of the requests and is killed, workers are killed, a member is removed."""
    site = sites.make(size, processes=1, settings=SETTINGS)
    plan = Plan(
        endpoints=4, events=120, writers=1, write_seconds=2.5, kill_seconds=1.5, receiver_kill_seconds=1.0, seed=7
    )
    run = Run(site, plan)
    found = run.run()
    assert found.wrong == []
    assert found.delivered > plan.events
    assert (run.killed_workers > 0, run.killed_receivers > 0, found.outcomes["500"] > 0) == (True, True, True)
