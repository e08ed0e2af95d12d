"""`python -m tests.soak --seed 1 --seconds 60`: does one run and prints its verdict. Exit code 1 if it failed."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.soak.plan import make_plan
from tests.soak.run import run
from tests.soak.verdict import judge


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long things are broken")
    parser.add_argument("--size", choices=("grown", "embedded", "cluster"), default="grown")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, help="where plan, history, verdict and picture go")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")  # the contract of problems is read from it

    plan = make_plan(arguments.seed, arguments.seconds, arguments.size, arguments.workers)
    folder = arguments.out or Path("var") / "soak" / f"{plan.size}-{plan.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    plan.write(folder / "plan.json")
    violations = judge(plan, run(plan), folder)
    print((folder / "verdict.txt").read_text())
    print(f"plan, history, verdict and picture: {folder}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
