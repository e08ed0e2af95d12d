"""`python -m bench`: measures Tidewire, the textbook and the floor in one run. Prints tables of ratios and draws plots.

The server runs on one core, the load client and the databases on another. The unit is CPU time of the server's
processes, Redis included, because wall time on a shared machine says little; the load average is printed too. Each
measurement is repeated, the systems take turns, and the median is shown.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from bench import growth, measures, reads, report, tools
from bench.measures import Row
from bench.systems import CLIENT_CORE, Stores, System, textbook, tidewire

RESULTS = Path(__file__).parent / "results"

Measure = Callable[[], Row | Iterable[Row]]
ONCE = {"narrow", "growth", "many", "log"}  # minutes each

OURS, OURS_IN_MEMORY, OURS_ON_UVICORN = tidewire(), tidewire(layer="memory"), tidewire("uvicorn")
THEIRS, THEIRS_IN_MEMORY, THEIRS_CORE = textbook(), textbook(layer="memory"), textbook(layer="core")
THEIRS_ON_UVICORN, THEIRS_PLAIN = textbook("uvicorn"), textbook("daphne", "core", has_pool=False)

WIDE = [OURS, OURS_IN_MEMORY, OURS_ON_UVICORN, THEIRS, THEIRS_CORE, THEIRS_IN_MEMORY]
FRAME_BYTES = 800  # of a frame of Tidewire's; the floor sends as much


def plan(stores: Stores, is_quick: bool) -> dict[str, list[Measure]]:
    """{name: one measurement per system}"""
    return {
        "fanout": _fanout(stores, 1000, 30 if is_quick else 100),
        "saturation": [
            partial(measures.fanout, stores, OURS, 1000, 1, 100 if is_quick else 400, 0, 8),
            partial(measures.fanout, stores, OURS_ON_UVICORN, 1000, 1, 100 if is_quick else 400, 0, 8),
            partial(measures.fanout, stores, OURS_IN_MEMORY, 1000, 1, 100 if is_quick else 400, 0, 8),
            partial(measures.fanout, stores, THEIRS, 1000, 1, 5 if is_quick else 15, 0, 4),
            partial(measures.fanout, stores, THEIRS_IN_MEMORY, 1000, 1, 5 if is_quick else 15, 0, 4),
            partial(measures.floor_fanout, 1000, 200, 0, FRAME_BYTES),
        ],
        "latency": [
            partial(
                _named,
                "1,000 subscribers, one write per second",
                partial(measures.fanout, stores, system, 1000, 1, 8 if is_quick else 20, 1),
            )
            for system in (OURS, THEIRS)
        ],
        "writes": [
            partial(measures.writes, stores, system, writers, 200 if is_quick else 600)
            for writers in (16, 1)
            for system in (OURS, OURS_ON_UVICORN, THEIRS_ON_UVICORN, THEIRS_PLAIN)
        ],
        "list": [partial(measures.lists, stores, system, 100) for system in (OURS, THEIRS_ON_UVICORN)],
        "reads": [
            *(partial(reads.reads, stores, system, 100 if is_quick else 400) for system in (OURS, THEIRS_ON_UVICORN)),
            partial(reads.pocketbase, 100 if is_quick else 400),
        ],
        "connections": [
            partial(measures.connections, stores, system, 300 if is_quick else 1000) for system in (OURS, THEIRS)
        ],
        "recovery": [
            partial(measures.recovery, stores, OURS, 200 if is_quick else 1000, 100),
            partial(measures.floor_recovery, 200 if is_quick else 1000, 100, FRAME_BYTES),
        ],
        **({} if is_quick else _large(stores)),
    }


def _fanout(stores: Stores, sockets: int, events: int) -> list[Measure]:
    def load(system: System) -> tuple[int, float]:
        """Returns (events, events per second): as many as the system can deliver. Losses are measured elsewhere."""
        return (events, 20) if system.settings == "backend.settings" else (max(4, events // 10), 1)

    ours = [partial(measures.fanout, stores, system, sockets, 1, *load(system)) for system in WIDE]
    return [*ours, partial(measures.floor_fanout, sockets, events, 20, FRAME_BYTES)]


def _named(name: str, measure: Callable[[], Row]) -> Row:
    """Does a measurement and gives its row another name."""
    row = measure()
    row.measure = name
    return row


def _large(stores: Stores) -> dict[str, list[Measure]]:
    """Returns the measurements that take minutes."""
    return {
        "narrow": [partial(measures.fanout, stores, system, 5000, 1000, 1, 0) for system in (OURS, THEIRS)],
        "growth": [
            partial(_named, f"1 × {sockets:,} at five writes per second", measure)
            for sockets in (100, 1000, 5000)
            for measure in (
                partial(measures.fanout, stores, OURS, sockets, 1, 50, 5),
                partial(measures.floor_fanout, sockets, 50, 5, FRAME_BYTES),
            )
        ],
        "streams": [partial(measures.writes, stores, OURS, 16, 600, rooms) for rooms in (1, 500)],
        "log": [partial(growth.log, stores, OURS, 10_000_000)],
        "many": [partial(measures.connections, stores, OURS, 5000)],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller numbers, once each; nothing is written")
    parser.add_argument("--only", default="", help="names of measurements, separated by commas")
    parser.add_argument("--runs", type=int, default=0, help="how often the systems take turns (3, or 1 when quick)")
    arguments = parser.parse_args()
    try:
        tools.program("wsload")
    except tools.NoCompiler as error:
        parser.error(str(error))
    os.sched_setaffinity(0, {CLIENT_CORE})
    stores = Stores()
    rows: list[Row] = []
    chosen = set(filter(None, arguments.only.split(",")))
    try:
        for name, each in plan(stores, arguments.quick).items():
            if not chosen or name in chosen:
                runs = arguments.runs or (1 if arguments.quick else 3)
                rows += _take_turns(each, 1 if name in ONCE else runs)
    finally:
        stores.stop()
    sys.stdout.write(report.tables(rows))
    if not arguments.quick:
        report.save(RESULTS, rows)
    return 0


def _take_turns(each: list[Measure], runs: int) -> list[Row]:
    rows = []
    for run in range(runs):
        for measure in each:
            made = measure()
            for row in [made] if isinstance(made, Row) else made:
                row.figures["load"] = load = os.getloadavg()[0]
                sys.stderr.write(f"{run + 1}/{runs} {row.measure}: {row.system}, load {load:.1f}\n")
                rows.append(row)
    return rows


if __name__ == "__main__":
    sys.exit(main())
