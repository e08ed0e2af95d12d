"""`python -m tests.webhooks`: one experiment, and its verdict."""

from __future__ import annotations

import argparse
import sys

from tests.rig import servers
from tests.rig.site import Sites
from tests.rig.verify import figure
from tests.webhooks.run import SETTINGS, Plan, Run


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=("embedded", "grown"), default="grown")
    parser.add_argument("--endpoints", type=int, default=50)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=240.0, help="over which the events are written")
    parser.add_argument("--restarts", type=int, default=3, help="of PostgreSQL")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sites = Sites(servers.temporary_folder("webhooks"))
    site = sites.make(options.size, settings=SETTINGS)
    plan = Plan(
        endpoints=options.endpoints,
        events=options.events,
        workers=options.workers,
        write_seconds=options.seconds,
        restarts=options.restarts if options.size == "grown" else 0,
        seed=options.seed,
        most_seconds=3600.0,
    )
    run = Run(site, plan)
    try:
        found = run.run()
    finally:
        site.stop() if site.server.is_running else None
        sites.stop()
    figure(
        f"webhooks, {options.size}: {plan.events} events, {plan.endpoints} endpoints, {run.seconds:.0f} s; "
        f"{found.delivered} delivered, {found.repeated} repeated; {run.killed_workers} workers killed, "
        f"{run.killed_receivers} receivers, PostgreSQL restarted {run.restarted} times; {dict(found.outcomes)}; "
        f"{len(found.wrong)} wrong"
    )
    for text in found.wrong[:20]:
        print(text)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
