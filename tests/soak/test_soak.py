"""A short run with a fixed seed, on both sizes; `make verify` runs the long ones."""

import os
from pathlib import Path

import pytest

from tests.rig import servers
from tests.soak.measures import measure
from tests.soak.plan import make_plan
from tests.soak.run import run
from tests.soak.verdict import judge

IS_VERIFY = os.environ.get("TIDEWIRE_VERIFY") == "1"
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1,2").split(",")]


def verdict(seed: int, seconds: float, size: str) -> tuple[str, object]:
    folder = Path(servers.temporary_folder("soak-verdict"))
    history = run(make_plan(seed, seconds, size, 2))
    violations = judge(make_plan(seed, seconds, size, 2), history, folder)
    text = (folder / "verdict.txt").read_text()
    assert not violations, text
    print(text)
    return text, measure(history)


@pytest.mark.slow
def test_a_short_soak_of_two_workers() -> None:
    _, measures = verdict(1, 25, "grown")
    assert measures.deliveries > 1000
    assert sum(measures.faults.values()) >= 5


@pytest.mark.slow
def test_a_short_soak_of_the_embedded_size() -> None:
    _, measures = verdict(1, 12, "embedded")
    assert measures.deliveries > 200


@pytest.mark.slow
@pytest.mark.skipif(not IS_VERIFY, reason="five minutes a seed: make verify")
@pytest.mark.parametrize("seed", SEEDS)
def test_five_minutes(seed: int) -> None:
    _, measures = verdict(seed, 300, "grown")
    assert sum(measures.faults.values()) >= 40
    assert len(measures.faults) >= 10
    assert measures.deliveries >= 20_000
