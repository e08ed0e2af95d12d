"""Runs the steps, says how each ended, and writes the report. Exit code 1 when one failed."""

from __future__ import annotations

import argparse
import sys

from tests.rig.site import ROOT
from tests.verify import report
from tests.verify.steps import STEPS, Outcome, run

FOLDER = ROOT / "var" / "verify"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.verify", description=__doc__)
    parser.add_argument("--only", choices=[step.name for step in STEPS], help="one step, and no report")
    only = parser.parse_args().only
    FOLDER.mkdir(parents=True, exist_ok=True)
    outcomes: list[Outcome] = []
    for step in STEPS:
        if only in (None, step.name):
            print(f"{step.name}: {step.what}", flush=True)
            outcomes.append(run(step, FOLDER))
            say(outcomes[-1])
    if only is None:
        report.write(outcomes)
        print(f"the report is {report.PAGE.relative_to(ROOT)}")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def say(outcome: Outcome) -> None:
    log = FOLDER / f"{outcome.step.name.replace(' ', '-')}.log"
    for figure in outcome.figures:
        print(f"  {figure}")
    print(f"  {'held' if outcome.is_good else 'FAILED'} after {outcome.seconds:.0f} s; {log}", flush=True)
    if not outcome.is_good:
        print("\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-30:]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
