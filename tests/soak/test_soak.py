"""A short run with a fixed seed; `make verify` runs the long ones. What a run has shown then tests the checkers."""

import os
from pathlib import Path

import pytest

from tests.rig import servers
from tests.rig.verify import figure
from tests.soak.checkers import check
from tests.soak.history import History
from tests.soak.measures import Measures, measure
from tests.soak.mutants import MUTANTS
from tests.soak.plan import make_plan
from tests.soak.run import run
from tests.soak.verdict import judge

SHORT_SECONDS = 20
SEEDS = [int(seed) for seed in os.environ.get("SEEDS", "1,2,3,4,5,6,7,8,9,10").split(",")]


def soak(seed: int, seconds: float, size: str, workers: int = 2) -> tuple[History, Measures]:
    folder = Path(servers.temporary_folder("soak-verdict"))
    plan = make_plan(seed, seconds, size, workers)
    history = run(plan)
    violations, measures = judge(plan, history, folder), measure(history)
    text = (folder / "verdict.txt").read_text()
    print(text)
    figure(
        f"seed {seed}, {seconds:.0f} s, {size}: {'FAILED' if violations else 'passed'}; "
        f"{sum(measures.faults.values())} faults of {len(measures.faults)} kinds, {measures.answered:,} writes "
        f"answered and {measures.unknown:,} unknown, {measures.events:,} events, {measures.deliveries:,} deliveries, "
        f"{measures.recoveries:,} recoveries, calm p50 / p99 {measures.latency_ms['calm p50']:.0f} / "
        f"{measures.latency_ms['calm p99']:.0f} ms, worst live {measures.latency_ms['live max'] / 1000:.1f} s, "
        f"{measures.peak_mib:.0f} MiB"
    )
    assert not violations, text
    return history, measures


@pytest.mark.slow
def test_a_short_soak_of_two_workers_and_its_checkers() -> None:
    """Nothing is lost; and each promise, broken in what really happened, is noticed."""
    history, measures = soak(1, SHORT_SECONDS, "grown")
    assert measures.deliveries > 200
    assert sum(measures.faults.values()) >= 5

    for break_it, invariant in MUTANTS.items():
        violations = check(break_it(history))
        assert invariant in {violation.invariant for violation in violations}, break_it.__name__


@pytest.mark.verify
def test_a_short_soak_of_the_embedded_size() -> None:
    _, measures = soak(1, 30, "embedded")
    assert measures.deliveries > 200


@pytest.mark.verify
def test_a_soak_of_four_workers() -> None:
    _, measures = soak(11, 60, "grown", workers=4)
    assert measures.deliveries > 1000


@pytest.mark.verify
@pytest.mark.parametrize("seed", [21, 22, 23])
def test_a_soak_on_a_redis_cluster(seed: int) -> None:
    """Nodes are killed and frozen, replicas take over, slots move: the invariants are those of a single Redis."""
    _, measures = soak(seed, 100, "cluster")
    assert measures.deliveries > 1000
    assert {kind for kind in measures.faults if kind.startswith("cluster.")} == {
        "cluster.kill",
        "cluster.freeze",
        "cluster.failover",
        "cluster.move",
    }


@pytest.mark.verify
@pytest.mark.parametrize("seed", SEEDS)
def test_five_minutes(seed: int) -> None:
    _, measures = soak(seed, 300, "grown")
    assert sum(measures.faults.values()) >= 40
    assert len(measures.faults) >= 10
    assert measures.deliveries >= 20_000
