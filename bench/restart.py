"""`python -m bench.restart`: thousands of members come back after `serve` was restarted, beside an earlier revision.

    python -m bench.restart --clients 10000 --against 167b471    # two systems, in turns
    python -m bench.restart --clients 1000 --layer memory

Each member connects, subscribes, recovers 20 events and reads the newest page. Beside it, by themselves: connect with
one subscription and close, one member after the other as phones come on an ordinary day; and connect with recovery.

The server runs on one core; PostgreSQL, Redis and the client on the other. Shown are CPU and time per member, memory of
a socket that stays, what PostgreSQL was asked, and errors. The earlier revision is checked out of the repository into a
temporary folder, and runs in the same Python with the same packages.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench import members, report, tools
from bench.measures import Row
from bench.members import Hall, Visit
from bench.systems import CLIENT_CORE, Running, Stores, System, tidewire, transactions
from tests.rig import servers
from tests.rig.site import ROOT

TOGETHER = 64
MESSAGES = 100
ROUNDS = 5
SETTLED_SECONDS, SETTLED_CPU = 0.3, 0.005
BEFORE_READING_FAST = "167b471"
BOUNDS = [("members come back", "seconds", 1 / 3), ("connect, subscribe, close", "µs/client", 1 / 2)]
"""(measurement, figure, what it may be at most of the earlier revision's)"""
MAX_QUERIES = 2.0


def crowd(stores: Stores, system: System, clients: int) -> Row:
    """Lets all members come to a process that has just started."""
    running = _start(stores, system, clients)
    try:
        row = Row(f"{clients:,} members come back", system.name)
        _visit(stores, running, row, Visit(recovers=True, reads=True), clients, TOGETHER)
    finally:
        running.stop()
    row.figures["queries/client"] = (transactions(running.url) - running.transactions) / clients
    return row


ONE_BY_ONE = {
    "connect, subscribe, close": Visit(),
    "connect, subscribe, close at once": Visit(stays=False),
    "connect, recover, close": Visit(recovers=True),
}


def one_by_one(stores: Stores, systems: list[System], clients: int, rounds: int) -> list[Row]:
    """Lets members come one after the other, to all systems in turns."""
    started = [_start(stores, system, clients) for system in systems]
    rows: list[Row] = []
    try:
        for running in started:
            members.visit(running.port, hall_of(running), 50, Visit(), 1).leave()
        for _ in range(rounds):
            for name, what in ONE_BY_ONE.items():
                rows += [_visit(stores, each, Row(name, each.system.name), what, clients, 1) for each in started]
    finally:
        for running in started:
            running.stop()
    return rows


def hall_of(running: Running) -> Hall:
    return Hall.read(running.printed)


def _start(stores: Stores, system: System, clients: int) -> Running:
    return system.start(stores, setup=members.SETUP % (clients, MESSAGES))


def _visit(stores: Stores, running: Running, row: Row, what: Visit, clients: int, together: int) -> Row:
    """Measures one visit of all, and the close."""
    pid, database = running.process.pid, stores.postgresql
    began, memory = _settled(pid), _memory(pid)
    before_database = tools.cpu_seconds(family(database.process.pid))
    visits = members.visit(running.port, hall_of(running), clients, what, together)
    database_cpu = tools.cpu_seconds(family(database.process.pid)) - before_database
    kept = _memory(pid) - memory
    came = len(visits.sockets)
    visits.leave()
    row.figures = {
        "µs/client": (_settled(pid) - began) / clients * 1e6,
        "PostgreSQL µs": database_cpu / clients * 1e6,
        "seconds": visits.seconds,
        "KB each": kept / max(1, came) if what.stays else 0.0,
        "failed": float(len(visits.errors)),
        "load": os.getloadavg()[0],
    }
    row.remarks += sorted(set(visits.errors))[:3]
    return row


def family(pid: int) -> list[int]:
    """Returns a process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def _memory(pid: int) -> float:
    """Returns the resident memory of a process, in KB."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return float(line.split()[1])


def _settled(pid: int) -> float:
    """Returns the CPU time of a process once it has nothing left to do."""
    before = tools.cpu_seconds([pid])
    while True:
        time.sleep(SETTLED_SECONDS)
        now = tools.cpu_seconds([pid])
        if now - before < SETTLED_CPU:
            return now
        before = now


def checkout(revision: str) -> Path:
    """Returns a folder with the repository as it was at this revision."""
    folder = servers.temporary_folder("revision") / "checkout"
    git = ["git", "-C", str(ROOT), "archive", "--format=tar", revision]
    archive = subprocess.run(git, check=True, capture_output=True).stdout
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.restart", description=__doc__)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--layer", choices=("pubsub", "memory"), default="pubsub")
    parser.add_argument("--against", default="", help=f"a revision, such as {BEFORE_READING_FAST}")
    parser.add_argument("--runs", type=int, default=1, help="how often the systems take turns with the crowd")
    parser.add_argument("--only", choices=("crowd", "single"), default="")
    parser.add_argument("--check", action="store_true", help="fail above the bounds that the performance page states")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    now = tidewire(layer=arguments.layer)
    systems = [now]
    if arguments.against:
        name = f"{now.name}, {arguments.against}"
        systems.append(replace(now, name=name, root=checkout(arguments.against)))
    stores = Stores()
    rows: list[Row] = []
    try:
        if arguments.only != "crowd":
            rows += one_by_one(stores, systems, min(500, arguments.clients), ROUNDS)
        if arguments.only != "single":
            rows += [crowd(stores, system, arguments.clients) for _ in range(arguments.runs) for system in systems]
    finally:
        stores.stop()
    sys.stdout.write(report.tables(rows))
    broken = list(_broken(rows)) if arguments.check else []
    sys.stderr.writelines(f"{line}\n" for line in broken)
    return int(any(row["failed"] for row in rows) or bool(broken))


def _broken(rows: list[Row]) -> Iterator[str]:
    """Yields which bounds do not hold, of the first system beside the second."""
    systems = list(dict.fromkeys(row.system for row in rows))
    for name, figure, most in BOUNDS:
        now, before = (
            [row[figure] for row in rows if (row.measure.endswith(name), row.system) == (True, system)]
            for system in (systems[0], systems[-1])
        )
        if now and median(now) / median(before) > most:
            yield f"{name}: {figure} {median(now):,.0f}, before {median(before):,.0f}, at most {most:.2f} of it"
    asked = [row["queries/client"] for row in rows if row.system == systems[0] and "queries/client" in row.figures]
    if asked and max(asked) > MAX_QUERIES:
        yield f"{max(asked):.2f} queries for each client"


if __name__ == "__main__":
    sys.exit(main())
