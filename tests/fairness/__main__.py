"""Runs every attack against every size and front, and prints a table. Exit code 1 when a bound is broken."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.fairness.attacks import ATTACKS, Attack, start
from tests.fairness.stage import ADDRESS_OF_VICTIM, Stage, stage
from tests.fairness.victim import Latency, Victim
from tests.rig import servers
from tests.rig.site import Sites

IDLE_SECONDS = 5.0
BACK_SECONDS = 60.0
"""Within so long after an attack the victim's p95 is again within the bound."""
LIMIT_RATIO, LIMIT_MILLISECONDS = 5.0, 100.0
LIMIT_BYTES = 64 * 1024 * 1024
SIZES, FRONTS = ("embedded", "grown"), ("serve", "nginx", "tls")


@dataclass(frozen=True)
class Result:
    """What one attack did to the victim of one stage. `grown` is the growth of the server's memory in bytes, `back`
    the seconds until the victim was served as before; both are taken after the attack's end. `busy` is the share of a
    processor that the server took meanwhile."""

    attack: str
    where: str
    idle: Latency
    attacked: Latency
    grown: int
    back: float
    busy: float

    @property
    def bound(self) -> float:
        """Milliseconds that the victim's p95 may be."""
        return max(LIMIT_RATIO * self.idle.p95, LIMIT_MILLISECONDS)

    @property
    def is_fair(self) -> bool:
        attacked = self.attacked
        in_time = attacked.p95 <= self.bound and self.back <= BACK_SECONDS
        return in_time and attacked.count > 0 and attacked.refused == 0 and self.grown <= LIMIT_BYTES

    def row(self) -> str:
        refused = f"{self.attacked.refused} of {self.attacked.count}"
        cells = (
            *(self.attack, self.where, f"{self.idle.p50:.0f} / {self.idle.p95:.0f}"),
            *(f"{self.attacked.p50:.0f} / {self.attacked.p95:.0f}", refused),
            *(
                f"{self.busy:.0%}",
                f"{self.grown / 2**20:+.0f}",
                f"{self.back:.0f}",
                "yes" if self.is_fair else "**no**",
            ),
        )
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| attack | server | idle p50 / p95, ms | attacked | refused | CPU | MiB | back after, s | holds |",
    "|---|---|--:|--:|--:|--:|--:|--:|---|",
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fairness", description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", nargs="+", default=[], help="attacks whose name contains one of these words")
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=SIZES)
    parser.add_argument("--fronts", nargs="+", choices=FRONTS, default=FRONTS)
    options = parser.parse_args()
    folder = servers.temporary_folder("fairness")
    sites = Sites(folder)
    results = []
    try:
        print("\n".join(HEAD), flush=True)
        for size in options.sizes:
            for front in options.fronts:
                chosen = [a for a in ATTACKS if size in a.sizes and front in a.fronts and is_chosen(a, options.only)]
                results += run(chosen, sites, folder, size, front, options.seconds)
    finally:
        sites.stop()
    return 0 if results and all(result.is_fair for result in results) else 1


def is_chosen(attack: Attack, words: list[str]) -> bool:
    return not words or any(word in attack.name for word in words)


def run(attacks: list[Attack], sites: Sites, folder: Path, size: str, front: str, seconds: float) -> list[Result]:
    """Runs attacks one after the other, each against a server of its own, and prints a row for each."""
    results = []
    for number, attack in enumerate(attacks):
        own = folder / f"{size}-{front}-{number}"
        own.mkdir()
        with stage(sites, own, size, front) as attacked:
            results.append(measure(attack, attacked, seconds))
        print(results[-1].row(), flush=True)
    return results


def measure(attack: Attack, stage: Stage, seconds: float) -> Result:
    victim = Victim(stage.client(), stage.victim.access, stage.forwarded(ADDRESS_OF_VICTIM))
    try:
        victim.measure(1.0)  # the first requests open connections and prepare queries
        idle, before = victim.measure(IDLE_SECONDS), stage.memory()
        attacker = start(attack, stage.target, seconds)
        taken = stage.processor_seconds()
        attacked = victim.measure(seconds)
        busy = (stage.processor_seconds() - taken) / seconds
        attacker.join(seconds)
        if attacker.exitcode is None:
            attacker.kill()
            attacker.join()
        ended = time.monotonic()
        within = max(LIMIT_RATIO * idle.p95, LIMIT_MILLISECONDS)
        while (after := victim.measure(1.0)).p95 > within or after.refused:
            if time.monotonic() - ended > BACK_SECONDS:
                break
        if attacker.exitcode and attacker.exitcode > 0:
            raise SystemExit(f"the attack {attack.name} ended with {attacker.exitcode}")
        back = time.monotonic() - ended - 1.0
        return Result(attack.name, stage.name, idle, attacked, stage.memory() - before, back, busy)
    finally:
        victim.close()


if __name__ == "__main__":
    sys.exit(main())
