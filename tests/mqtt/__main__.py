"""`python -m tests.mqtt`: one experiment with Mosquitto, and its verdict."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.mqtt.run import SETTINGS, Plan, Run
from tests.rig import servers
from tests.rig.site import Sites
from tests.rig.verify import figure


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=("embedded", "grown"), default="grown")
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--kills", type=int, default=5, help="of each: bridge, broker, server, PostgreSQL")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sites = Sites(servers.temporary_folder("mqtt"))
    site = sites.make(options.size, processes=1, settings=SETTINGS)
    plan = Plan(samples=options.samples, devices=options.devices, kills=options.kills, seed=options.seed)
    run = Run(site, plan)
    try:
        found = await run.run()
    finally:
        site.stop()
        sites.stop()
    killed = ", ".join(f"{kind} {count}" for kind, count in sorted(found.killed.items()))
    figure(
        f"mqtt, {options.size}: {plan.samples} samples of {plan.devices} devices in {found.seconds:.0f} s, sent "
        f"{found.sent} times, {found.answered} answered after COMMIT; killed: {killed}; {found.heard} events heard, "
        f"{found.repeated} repeated, {found.missed} lost in the broker; {len(found.wrong)} wrong"
    )
    for text in found.wrong[:20]:
        print(text)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
