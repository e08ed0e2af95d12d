"""`python -m tests.mqtt`: samples through a broker while everything is killed, and the verdict."""

from __future__ import annotations

import argparse
import asyncio
import sys

from tests.mqtt.brokers import EMBEDDED, MOSQUITTO
from tests.mqtt.run import SETTINGS, Plan, Run
from tests.rig import servers
from tests.rig.site import Sites
from tests.rig.verify import figure


async def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", choices=("embedded", "grown"), default="grown")
    parser.add_argument("--broker", choices=(EMBEDDED, MOSQUITTO), default=MOSQUITTO)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--devices", type=int, default=50)
    parser.add_argument("--kills", type=int, default=5, help="of each: bridge, broker, server, PostgreSQL")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sites = Sites(servers.temporary_folder("mqtt"))
    site = sites.make(options.size, processes=1, settings=SETTINGS)
    plan = Plan(options.broker, options.samples, options.devices, options.kills, seed=options.seed)
    run = Run(site, plan)
    try:
        found = await run.run()
    finally:
        site.stop()
        sites.stop()
    killed = ", ".join(f"{kind} {count}" for kind, count in sorted(found.killed.items()))
    figure(
        f"mqtt, {options.size}, {plan.broker}: {plan.samples} samples of {plan.devices} devices in "
        f"{found.seconds:.0f} s, sent {found.sent} times, {found.answered} certain; killed: {killed}; {found.heard} "
        f"events heard, {found.repeated} repeated, {found.missed} never; a revoked key disconnected after "
        f"{found.revoked_seconds:.2f} s; {len(found.wrong)} wrong"
    )
    for text in found.wrong[:20]:
        print(text)
    return 1 if found.wrong else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
