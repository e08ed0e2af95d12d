"""`python -m bench.observing`: what traces cost while they are off, and what the logbook costs.

Both are too small for a clock on the wall: another program moves a request by more. So the work is counted, and timed
by itself: the calls into `tidewire/ground/tracing.py` that one `POST …/messages/` makes are counted, and then made
again without the rest, many times. Batches of writes and batches of these calls take turns in one thread, whose
processor time is read. A ratio is taken within each pair of neighbouring batches, so other work of the machine meets
both.

    python -m bench.observing --check      # fails above one in a hundred
"""

from __future__ import annotations

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import mean, stdev
from typing import Any
from unittest.mock import patch

from bench.pieces import Writer, _backend, _cpu_of, _set_up, people

PAIRS, WRITES, REPEATS = 240, 4, 200
MOST = 0.01
BESIDE = Counter({"is_on": 2, "now_ns": 1, "begin_of": 1, "end": 1})
"""What these writes do not come by: the request's log and the publisher ask `is_on`, the hub takes the time, and asks
for a span which it ends, once for each event and process."""
STATES = 500
"""Connections of one statement of the logbook."""

CALLS: dict[str, Callable[[Any], Any]] = {
    "is_on": lambda tracing: tracing.is_on(),
    "now_ns": lambda tracing: tracing.now_ns(),
    "context": lambda tracing: tracing.context(),
    "begin_of": lambda tracing: tracing.begin_of("dispatch", "", 0, {"stream.kind": "room"}),
    "end": lambda tracing: tracing.end(None),
}


def _span(tracing: Any) -> None:
    with tracing.span("record"):
        pass


CALLS["span"] = _span


def counted(writer: Writer) -> Counter[str]:
    """Returns how often one write calls each function."""
    from tidewire.ground import tracing

    calls: Counter[str] = Counter()

    def counting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return real(*args, **options)

        return call

    with ExitStack() as stack:
        for name in CALLS:
            stack.enter_context(patch.object(tracing, name, counting(name, getattr(tracing, name))))
        writer.post(1)
    return calls


def seconds(work: Callable[[], Any]) -> float:
    """Returns the processor time that this thread takes for the work."""
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e9


def interval(ratios: Sequence[float]) -> tuple[float, float, float]:
    """Returns the mean, and the interval that holds the true one with 95 %."""
    half = 1.96 * stdev(ratios) / len(ratios) ** 0.5
    return mean(ratios), mean(ratios) - half, mean(ratios) + half


def traces_off(writer: Writer, pairs: int) -> tuple[float, float, float]:
    """Returns the share of a write that its calls take while tracing is off."""
    from tidewire.ground import tracing

    writer.post(20)
    calls = [CALLS[name] for name in (counted(writer) + BESIDE).elements()]

    def make_calls() -> None:
        for _ in range(REPEATS):
            for call in calls:
                call(tracing)

    ratios = []
    for pair in range(pairs):
        works: list[Callable[[], Any]] = [lambda: writer.post(WRITES), make_calls]
        taken = {work: seconds(work) for work in (works if pair % 2 else reversed(works))}
        ratios.append((taken[works[1]] / REPEATS) / (taken[works[0]] / WRITES))
    return interval(ratios)


def logbook(writer: Writer, pairs: int) -> tuple[float, float, float]:
    """Returns what the two entries of a connection cost, its begin and its end, as a share of one write; PostgreSQL's
    processor time is in both."""
    from tidewire.ground.connection_states import ConnectionState, ProcessState, StreamSeen
    from tidewire.log.database import log_alias
    from tidewire.logbook import writing

    now, database = time.time(), [_backend()]
    process = ProcessState("bench", "bench", 1, now)

    def states(number: int) -> list[ConnectionState]:
        streams = tuple(StreamSeen(f"room:{each}", now, 0, 1) for each in range(5))
        return [
            ConnectionState(
                f"{number}-{n}", f"user-{n}", "session", "192.0.2.1", "A phone", "websocket", now, 0, streams
            )
            for n in range(STATES)
        ]

    def write(begun: list[ConnectionState]) -> None:
        writing.write(process, begun, log_alias())
        writing.write(process, [state.ended(now, 3001) for state in begun], log_alias())

    def cost(work: Callable[[], Any]) -> float:
        before = _cpu_of(database)
        return seconds(work) + (_cpu_of(database) - before) / 1e9

    ratios = []
    for pair in range(pairs):
        begun = states(pair)
        ratios.append((cost(lambda: write(begun)) / STATES) / (cost(lambda: writer.post(20)) / 20))  # noqa: B023
    return interval(ratios)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.observing", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--check", action="store_true", help=f"fail when traces that are off cost more than {MOST:.0%}")
    arguments = parser.parse_args()
    _set_up(arguments.database, 1)
    (writer,) = people(1)
    off = traces_off(writer, arguments.pairs)
    where = f"{arguments.database}, {arguments.pairs} pairs, load {os.getloadavg()[0]:.1f}"
    print(f"traces off: {off[0]:.3%} of a write ({off[1]:.3%} to {off[2]:.3%}); {where}", flush=True)  # noqa: T201
    book = logbook(writer, 20)
    print(f"logbook: a connection costs {book[0]:.1%} of a write ({book[1]:.1%} to {book[2]:.1%}); {where}")  # noqa: T201
    return int(arguments.check and off[2] > MOST)


if __name__ == "__main__":
    raise SystemExit(main())
