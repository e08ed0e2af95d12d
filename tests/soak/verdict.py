"""Writes what a run has shown: verdict.json for programs, verdict.txt and timeline.svg for people."""

from __future__ import annotations

import json
import platform
import subprocess
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.rig.site import ROOT
from tests.soak.checkers import CHECKERS, Violation, check
from tests.soak.history import History
from tests.soak.measures import Measures, measure, story
from tests.soak.picture import draw
from tests.soak.plan import Plan

SHOWN = 20
NAMES = {
    "I1": "gapless",
    "I2": "durable, once",
    "I3": "real-time order",
    "I4": "agreement",
    "I5": "each device: +1, no repeat, no skip",
    "I6": "honest refusals",
    "I7": "no event without access",
    "I8": "complete in time",
    "I9": "copy equals a fresh GET",
    "I10": "no error of the server",
    "I11": "memory bounded",
    "I12": "nothing forged delivered",
    "I13": "closings in time",
}


def judge(plan: Plan, history: History, folder: Path) -> list[Violation]:
    """Checks the history and writes everything about it into the folder. Returns the violations."""
    violations, measures = check(history), measure(history)
    plan.write(folder / "plan.json")
    history.save(folder / "history.jsonl.gz")
    (folder / "verdict.json").write_text(json.dumps(_as_json(plan, history, measures, violations), indent=1))
    (folder / "verdict.txt").write_text(page(plan, history, measures, violations))
    (folder / "timeline.svg").write_text(draw(plan, history))
    return violations


def _as_json(plan: Plan, history: History, measures: Measures, violations: list[Violation]) -> dict[str, Any]:
    return {
        "verdict": "failed" if violations else "passed",
        "seed": plan.seed,
        "seconds": plan.seconds,
        "size": plan.size,
        "workers": plan.workers,
        "revision": revision(),
        "python": platform.python_version(),
        "checkers": len(CHECKERS),
        **asdict(measures),
        "faults_total": sum(measures.faults.values()),
        "fault_kinds": len(measures.faults),
        "errors": history.errors[:SHOWN],
        "violations_by_invariant": dict(Counter(violation.invariant for violation in violations)),
        "violations": [
            asdict(v) | {"story": story(history, v.device, v.stream, v.offset) if v.device else []}
            for v in violations[:SHOWN]
        ],
    }


def page(plan: Plan, history: History, measures: Measures, violations: list[Violation]) -> str:
    """Returns the verdict as one page of text."""
    broken = Counter(violation.invariant for violation in violations)
    lines = [
        f"{'FAILED' if violations else 'PASSED'}   seed {plan.seed}, {plan.seconds:.0f} s, {plan.size}, "
        f"{plan.workers} worker(s), {revision()}",
        "",
        f"faults      {sum(measures.faults.values())} of {len(measures.faults)} kinds",
        *(f"            {count:3} × {kind}" for kind, count in measures.faults.items()),
        f"writes      {measures.writes} sent, {measures.answered} answered, {measures.unknown} unknown",
        f"events      {measures.events} in the log, {measures.deliveries} delivered to {len(history.users)} devices",
        f"clients     {measures.reconnects} connects, {measures.recoveries} recoveries",
        f"statuses    {', '.join(f'{count} × {status}' for status, count in measures.statuses.items())}",
        f"latency     {', '.join(f'{name} {value} ms' for name, value in measures.latency_ms.items())}",
        f"closings    {len(history.closings)} sockets of sessions that were logged out beside a forger",
        f"memory      {measures.peak_mib} MiB in the largest process, at most",
        "",
        *(f"{'broken' if broken[key] else 'held':7} {key:4} {name}" for key, name in NAMES.items()),
    ]
    for number, violation in enumerate(violations[:SHOWN], 1):
        lines += ["", f"{number}. {violation.invariant}: {violation.what}"]
        if violation.device:
            lines += [f"     {line}" for line in story(history, violation.device, violation.stream, violation.offset)]
    if len(violations) > SHOWN:
        lines += ["", f"… and {len(violations) - SHOWN} more"]
    return "\n".join(lines) + "\n"


def revision() -> str:
    git = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no revision"
