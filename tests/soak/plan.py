"""Makes a plan from a seed: what happens and when it is due. How the processes interleave is up to the machine.

Faults, devices and writers have a random generator each, so that a change to one leaves the draws of the others alone.
"""

from __future__ import annotations

import json
import random
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

WORKER = ("worker.kill", "worker.term", "worker.freeze", "clients.cut", "clients.hold", "reader.stall", "writer.kill")
GROWN = (
    "redis.kill",
    "redis.freeze",
    "redis.flush",
    "redis.restart",
    "link.cut",
    "link.hold",
    "link.delay",
    "layer.poison",
    "layer.forge",
    "postgres.terminate",
    "postgres.fast",
    "postgres.immediate",
)
CLUSTER = (
    "cluster.kill",
    "cluster.freeze",
    "cluster.failover",
    "cluster.move",
    "postgres.terminate",
)
KINDS = {"embedded": WORKER, "grown": WORKER + GROWN, "cluster": WORKER + CLUSTER}
"""{size: faults}. `cluster` is the grown size on a Redis Cluster with a replica for each primary."""

# {fault: seconds that it lasts, at least and at most}. A fault without a row is over at once.
SECONDS = {
    "worker.kill": (0.2, 1.5),
    "worker.term": (0.2, 1.0),
    "worker.freeze": (1.0, 4.0),
    "clients.hold": (0.5, 3.0),
    "reader.stall": (1.0, 3.0),
    "redis.kill": (0.5, 3.0),
    "redis.freeze": (1.0, 4.0),
    "layer.forge": (1.0, 3.0),
    "cluster.kill": (2.0, 5.0),
    "cluster.freeze": (2.0, 5.0),
    "link.hold": (1.0, 4.0),
    "link.delay": (1.0, 3.0),
    "postgres.fast": (0.0, 0.5),
    "postgres.immediate": (0.0, 0.5),
}
PAUSE = (0.8, 2.5)
WARM_SECONDS = 5.0
DEVICE_ACTIONS = ("sleep", "reborn", "forget", "freeze")


@dataclass
class PlannedFault:
    """`at` is in seconds from the start of the faults. `target` is random, taken modulo the number of targets."""

    at: float
    kind: str
    target: int
    seconds: float


@dataclass
class PlannedAction:
    at: float
    what: str
    seconds: float


@dataclass
class Plan:
    """Everything that is decided before the start."""

    seed: int
    seconds: float
    size: str
    workers: int
    system: str = "tidewire"
    rooms: int = 4
    members: int = 5
    py_devices: int = 10
    js_devices: int = 2
    fallback_devices: int = 2
    log_devices: int = 2
    writers: int = 3
    pause: float = 0.10
    faults: list[PlannedFault] = field(default_factory=list)
    devices: dict[str, list[PlannedAction]] = field(default_factory=dict)
    draws: dict[str, list[list[float]]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=1))


def make_plan(seed: int, seconds: float, size: str, workers: int, **options: Any) -> Plan:
    plan = Plan(seed, seconds, size, 1 if size == "embedded" else workers, **options)
    plan.faults = _faults(random.Random(f"{seed} faults"), seconds, size)
    devices, writers = random.Random(f"{seed} devices"), random.Random(f"{seed} writers")
    for name in device_names(plan):
        plan.devices[name] = _actions(devices, seconds)
    for number in range(plan.writers):
        count = int((seconds + 60) / plan.pause) + 200
        plan.draws[f"writer-{number}"] = [[round(writers.random(), 5) for _ in range(4)] for _ in range(count)]
    return plan


def device_names(plan: Plan) -> list[str]:
    fallbacks = [f"{('sse', 'http')[n % 2]}-{n}" for n in range(plan.fallback_devices)]
    programs = [f"{('log', 'poll')[n % 2]}-{n}" for n in range(plan.log_devices)]
    sdks = [f"py-{n}" for n in range(plan.py_devices)] + [f"js-{n}" for n in range(plan.js_devices)]
    return sdks + fallbacks + programs


def _faults(draw: random.Random, seconds: float, size: str) -> list[PlannedFault]:
    """Draws faults until the time is used up: every kind once before any comes twice."""
    faults: list[PlannedFault] = []
    due, left = draw.uniform(*PAUSE), []
    while due < seconds - 3:
        left = left or draw.sample(KINDS[size], len(KINDS[size]))
        kind = left.pop()
        length = draw.uniform(*SECONDS.get(kind, (0.0, 0.0)))
        faults.append(PlannedFault(round(due, 3), kind, draw.randrange(1000), round(length, 3)))
        due += length + draw.uniform(*PAUSE)
    return faults


def _actions(draw: random.Random, seconds: float) -> list[PlannedAction]:
    actions, due = [], draw.uniform(2, 15)
    while due < seconds - 3:
        what, length = draw.choice(DEVICE_ACTIONS), draw.uniform(0.2, 6.0)
        actions.append(PlannedAction(round(due, 3), what, round(length, 3)))
        due += length + draw.uniform(3, 20)
    return actions
