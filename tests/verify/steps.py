"""What is run. Each step is a command of its own process; 0 means that it holds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig.site import ROOT

PYTEST = (sys.executable, "-m", "pytest", "-q", "-s")


@dataclass(frozen=True)
class Step:
    """`what` goes into the report."""

    name: str
    what: str
    command: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """`figures` are what the step measured, a line each."""

    step: Step
    code: int
    seconds: float
    figures: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.code == 0


STEPS = (
    Step(
        "clean root",
        "a fresh clone, a new HOME, an empty environment: `make run` answers as the README says, then `make test`",
        (sys.executable, "-m", "tests.verify.clean"),
    ),
    Step(
        "engine",
        "the engine and the API on PostgreSQL, with more writers and more random writes",
        (*PYTEST, "tests/realtime", "tests/api", "--database", "postgresql"),
    ),
    Step(
        "hostile input",
        "every strange value in every field, on SQLite (on PostgreSQL it is part of the step above)",
        (*PYTEST, "tests/api/test_hostile_input.py"),
    ),
    Step(
        "fuzz",
        "schemathesis over openapi.yaml as everybody there is, twenty thousand cases or more",
        (*PYTEST, "tests/fuzz"),
    ),
    Step(
        "servers",
        "systemd's and nginx's files read by their programs, Supervisor's run; a stalled reader beside 100 healthy "
        "ones on `serve`, daphne and uvicorn; 500 SDK clients on a deploy",
        (*PYTEST, "tests/server"),
    ),
    Step(
        "faults",
        "every scenario, longer: 2,000 sockets at once, Redis frozen, processes killed, clocks apart, Redis sharded",
        (*PYTEST, "tests/scenarios"),
    ),
    Step(
        "uvicorn",
        "the scenarios again, with both SDKs in both encodings and on both sizes, served by uvicorn",
        (*PYTEST, "tests/scenarios", "--server", "uvicorn", "--ignore-glob=*/test_faults_*"),
    ),
    Step(
        "lists",
        "the client's list converges: 9,000 histories of snapshots, events, holes, reconnects, pages and writes",
        ("npm", "run", "test:long", "--prefix", "clients/typescript"),
    ),
    Step(
        "soak",
        "everything breaks for five minutes, with ten seeds; four workers for one; the embedded size",
        (*PYTEST, "tests/soak"),
    ),
    Step(
        "samples on PostgreSQL",
        "a million samples: a day at 300 points, and batches of 500, beside one row by key and plain bulk_create",
        (sys.executable, "-m", "bench.samples", "--database", "postgresql", "--check"),
    ),
    Step(
        "samples on SQLite",
        "the same there",
        (sys.executable, "-m", "bench.samples", "--database", "sqlite", "--check"),
    ),
    Step(
        "textbook",
        "the same plan against a chat as tutorials build it",
        (sys.executable, "-m", "bench.textbook.compare", "--seed", "1", "--seconds", "30"),
    ),
    Step(
        "fan-out",
        "server CPU per delivered event, beside the textbook's",
        (sys.executable, "-m", "bench.textbook.fanout"),
    ),
)


def run(step: Step, folder: Path) -> Outcome:
    """Its output goes to a file, its figures come back."""
    name = step.name.replace(" ", "-")
    log, figures = folder / f"{name}.log", folder / f"{name}.figures"
    figures.unlink(missing_ok=True)
    environment = os.environ | {"TIDEWIRE_VERIFY": "1", "TIDEWIRE_FIGURES": str(figures)}
    began = time.monotonic()
    with log.open("wb") as output:
        done = subprocess.run(
            step.command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    kept = figures.read_text().splitlines() if figures.exists() else []
    if step.name in ("textbook", "fan-out"):  # what they print is a table
        kept = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("|")]
    return Outcome(step, done.returncode, time.monotonic() - began, kept)
