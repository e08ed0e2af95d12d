"""Runs the steps, prints how each ended, and writes the report. Exit code 1 when one failed."""

from __future__ import annotations

import argparse
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.rig.site import ROOT
from tests.verify import report
from tests.verify.steps import STEPS, Outcome, Step, kept, run

FOLDER = ROOT / "var" / "verify"
_printing = threading.Lock()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.verify", description=__doc__)
    names = [step.name for step in STEPS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="these; the report keeps the others")
    parser.add_argument("--jobs", type=int, default=2, help="how many steps that measure nothing run at a time")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    chosen = [step for step in STEPS if step.name in arguments.only]
    with ThreadPoolExecutor(arguments.jobs) as together:
        outcomes = list(together.map(run_and_print, [step for step in chosen if not step.is_alone]))
    outcomes += [run_and_print(step) for step in chosen if step.is_alone]
    print(f"the report is {report.PAGE.relative_to(ROOT)}")
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def run_and_print(step: Step) -> Outcome:
    print(f"{step.name}: {step.what}", flush=True)
    outcome = run(step, FOLDER)
    with _printing:
        print_outcome(step, outcome)
        report.write(kept(FOLDER))
    return outcome


def print_outcome(step: Step, outcome: Outcome) -> None:
    log = FOLDER / f"{step.stem}.log"
    for figure in outcome.figures:
        print(f"  {figure}")
    print(f"  {step.name} {'held' if outcome.is_good else 'FAILED'} after {outcome.seconds:.0f} s; {log}", flush=True)
    if not outcome.is_good:
        print("\n".join(f"  | {line}" for line in log.read_text(errors="replace").splitlines()[-30:]), flush=True)


if __name__ == "__main__":
    sys.exit(main())
