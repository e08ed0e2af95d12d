"""Writes the results of `make verify` as a page to commit: revisions, machine, durations and figures."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata

from tests.rig import servers
from tests.rig.site import ROOT
from tests.verify.steps import STEPS, Outcome

PAGE = ROOT / "docs" / "verify-report.md"
PACKAGES = ("django", "channels", "channels-redis", "daphne", "uvicorn", "centrifuge-python")


def write(outcomes: dict[str, Outcome]) -> None:
    PAGE.write_text(page([outcomes[step.name] for step in STEPS if step.name in outcomes]))


def page(outcomes: list[Outcome]) -> str:
    what = {step.name: step.what for step in STEPS}
    missing = [name for name in what if name not in {outcome.name for outcome in outcomes}]
    lines = [
        "# Verify report",
        "",
        "Written by `make verify` (`tests/verify/`); not edited. What the soak's lines mean is said in the",
        "[soak report](soak-report.md).",
        "",
        f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; what measures time or memory ran alone, the rest some at a time",
        f"- {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} at the end; {platform.system()} {platform.machine()}",
        f"- Python {platform.python_version()}, {versions()}",
        f"- {'Everything held' if all(each.is_good for each in outcomes) else 'NOT everything held'}"
        + (f"; not run: {', '.join(missing)}" if missing else ""),
        "",
        "| step | | minutes | revision | what it is |",
        "|---|---|--:|---|---|",
        *(
            f"| {o.name} | {'held' if o.is_good else 'FAILED'} | {o.seconds / 60:.1f} | {o.revision} | {what[o.name]} |"
            for o in outcomes
        ),
        "",
        "## Figures",
    ]
    for outcome in outcomes:
        if outcome.figures:
            is_table = outcome.figures[0].startswith("|")
            lines += ["", f"### {outcome.name}", ""]
            lines += outcome.figures if is_table else [f"- {figure}" for figure in outcome.figures]
    return "\n".join(lines) + "\n"


def versions() -> str:
    return ", ".join([*(f"{name} {metadata.version(name)}" for name in PACKAGES), *stores()])


def stores() -> list[str]:
    """Returns the names and versions of PostgreSQL and Redis, as they print them."""
    found = []
    for program in (servers.find_postgresql().folder / "postgres", servers.find_redis().folder / "redis-server"):
        printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        found.append(" ".join(printed.split()[:3]))
    return found
