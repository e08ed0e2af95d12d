"""`python -m bench.pruning`: what a write costs beside a log of ten million events while nine of them are pruned.

    python -m bench.pruning --events 10000000 --seconds 160 --share 0.05

`serve` runs on one core; PostgreSQL, the pruner and sixteen writers in sixteen rooms share the other. The pruner is
`manage.py housekeeping`, and a tenth of each stream is kept. It runs and stands still (SIGSTOP) in turns of a second,
in rounds of off, on, on, off, so that noise of the machine meets both. Shown are the percentiles of the answers to
writes that were sent in turns of each kind, at a fixed rate and as fast as the writers can; their ratio; and the
interval in which the ratio lies in 95 of 100 runs like this one, from drawing the rounds again with repetition. Before
it begins, the same is done with a pruner that never runs: its interval must hold 1.

Autovacuum is as PostgreSQL sets it, but looks each second. It also works in turns without pruning, so the writes before
pruning began are shown, too. At the end the rest is deleted without a pause, and the log is audited: the last tenth
of each stream, without a hole. `--check` fails unless all of the interval of p99 is at most MOST_RATIO.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from bench import tools
from bench.growth import OLD_STREAMS, STREAMS
from bench.systems import CLIENT_CORE, Running, Stores, tidewire
from bench.writers import Publisher
from tests.rig import servers
from tests.rig.site import ROOT, run_manage
from tests.rig.verify import figure

WRITERS, ROOMS = 16, 16
TURN_SECONDS, TURNS = 1.0, 4
"""How long a turn is, and how many are a round."""
SETTLE_SECONDS = 0.05
"""Writes that are sent so shortly after a turn began count for none."""
MOST_RATIO = 1.1
DRAWS = 500

# Ten days old, and in the order in which events of many streams are written: those of one stream lie on many pages.
_EVENTS = """INSERT INTO tidewire_event
    (id, stream_id, "offset", type, object, actor, ends_access, revocation_offset, at, payload)
SELECT ('00000000-' || lpad(to_hex(s.n), 4, '0') || '-7000-8000-' || lpad(to_hex(o), 12, '0'))::uuid,
    s.id, o, 'message.created', 'api.message:' || o || '-' || s.n, 'user-' || o %% 1000, '', 0,
    now() - interval '10 days', '{"type":"message.created","data":"' || repeat('x', 200) || '"}'
FROM generate_series(1, %(each)s) o
CROSS JOIN LATERAL (
    SELECT id, row_number() OVER (ORDER BY id) AS n FROM tidewire_stream WHERE epoch = 'abcdef0123456789' AND o > 0
) s
"""
_INDEXES = "SELECT indexdef FROM pg_indexes WHERE tablename = 'tidewire_event' AND indexname <> ALL(%s)"
_CONSTRAINTS = """SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE conrelid = 'tidewire_event'::regclass AND contype IN ('p', 'u')"""


Ordered = list[tuple[float, int]]
"""(seconds of an answer, number of its round), sorted."""


@dataclass(frozen=True)
class Turns:
    """What was written in the turns of one run. Each round has the seconds of each answer, while the pruner ran and
    while it stood still."""

    rounds: list[tuple[list[float], list[float]]]

    def figures(self) -> dict[str, Any]:
        on, off = (
            sorted((seconds, number) for number, turns in enumerate(self.rounds) for seconds in turns[kind])
            for kind in (0, 1)
        )
        found: dict[str, Any] = {"rounds": len(self.rounds), "writes": [len(on), len(off)]}
        once = [1] * len(self.rounds)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
            both = percentile(on, once, share), percentile(off, once, share)
            found[f"{name}_ms"] = [round(seconds * 1000, 2) for seconds in both]
            found[f"{name}_ratio"] = round(both[0] / both[1], 3)
        found["p99_interval"] = self._interval(on, off, 0.99)
        return found

    def _interval(self, on: Ordered, off: Ordered, share: float) -> list[float]:
        """Returns between which two values 95 of 100 ratios lie, of percentiles of rounds that are drawn again."""
        draw, ratios = random.Random(1), []
        for _ in range(DRAWS):
            drawn = [0] * len(self.rounds)
            for _ in self.rounds:
                drawn[draw.randrange(len(drawn))] += 1
            ratios.append(percentile(on, drawn, share) / percentile(off, drawn, share))
        ratios.sort()
        return [round(ratios[int(DRAWS * part)], 3) for part in (0.025, 0.975)]


def percentile(ordered: Ordered, times: list[int], share: float) -> float:
    """Returns the percentile of answers whose rounds count so many times each, searched from the slowest on."""
    left = sum(times[number] for _, number in ordered) * (1 - share)  # those that are slower
    for seconds, number in reversed(ordered):
        left -= times[number]
        if left < 0:
            return seconds
    return ordered[0][0]


def write_in_turns(running: Running, rate: float, seconds: float, switch: Callable[[bool], None]) -> Turns:
    """Lets the writers write for so long, while `switch(is_on)` is called before each turn."""
    publisher = Publisher(running, WRITERS, ROOMS, rate, total=int((rate or 1000) * seconds))
    done = threading.Event()
    begins: list[tuple[float, bool]] = []

    def take_turns() -> None:
        for number in range(int(seconds / TURN_SECONDS)):
            if done.is_set():
                return
            is_on = number % TURNS in (1, 2)
            switch(is_on)
            begins.append((time.monotonic(), is_on))
            done.wait(TURN_SECONDS)
        publisher.stop()

    thread = threading.Thread(target=take_turns)
    thread.start()
    written = publisher.write()
    done.set()
    thread.join()
    switch(False)
    assert not written.failed, f"{written.failed} writes were refused"
    rounds: list[tuple[list[float], list[float]]] = [([], []) for _ in range(len(begins) // TURNS)]
    starts = [began for began, _ in begins]
    for asked, taken in zip(written.asked, written.seconds, strict=True):
        turn = bisect_right(starts, asked) - 1
        if 0 <= turn < len(rounds) * TURNS and asked - starts[turn] >= SETTLE_SECONDS:
            rounds[turn // TURNS][0 if begins[turn][1] else 1].append(taken)
    return Turns(rounds)


class Pruner:
    """`manage.py housekeeping`, which can be stopped and continued at any time."""

    def __init__(self, running: Running, share: float) -> None:
        self.process = servers.spawn(
            [*tools.on_core(CLIENT_CORE), sys.executable, "manage.py", "housekeeping", "--share", str(share)],
            log=running.folder / "prune.log", cwd=ROOT, env=running.environment,
        )  # fmt: skip
        self.seconds = 0.0
        self._since: float | None = None

    def switch(self, is_on: bool) -> None:
        if is_on and self._since is None:
            self.process.send_signal(signal.SIGCONT)
            self._since = time.monotonic()
        elif not is_on and self._since is not None:
            self.process.send_signal(signal.SIGSTOP)
            self.seconds += time.monotonic() - self._since
            self._since = None

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        servers.end(self.process, signal.SIGTERM)


def fill(running: Running, events: int) -> None:
    """Inserts the events, and makes the indexes afterwards, which takes a third of the time."""
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        constraints = connection.execute(_CONSTRAINTS).fetchall()
        indexes = connection.execute(_INDEXES, [[name for name, _ in constraints]]).fetchall()
        for name, _ in constraints:
            connection.execute(f'ALTER TABLE tidewire_event DROP CONSTRAINT "{name}"')
        for (definition,) in indexes:
            connection.execute(f"DROP INDEX {definition.split(' ON ')[0].removeprefix('CREATE INDEX ')}")
        size = {"streams": STREAMS, "each": events // STREAMS}
        connection.execute(OLD_STREAMS, size)
        connection.execute(_EVENTS, size)
        for (definition,) in indexes:
            connection.execute(definition)
        for name, definition in constraints:
            connection.execute(f'ALTER TABLE tidewire_event ADD CONSTRAINT "{name}" {definition}')
        connection.execute("VACUUM ANALYZE tidewire_event")
        connection.execute("CHECKPOINT")


def statistics_of(running: Running) -> dict[str, int]:
    query = "SELECT n_tup_del, autovacuum_count FROM pg_stat_user_tables WHERE relname = 'tidewire_event'"
    with psycopg.connect(running.url, autocommit=True) as connection:
        deleted, vacuums = connection.execute(query).fetchone() or (0, 0)
    return {"deleted": deleted, "autovacuums": vacuums}


def wait_for_deletions(running: Running, pruner: Pruner) -> None:
    while not statistics_of(running)["deleted"] and not pruner.has_ended():
        time.sleep(0.1)


_AUDIT = """
import json
from django.db.models import Count
from tidewire.log import retention
from tidewire.models import Event
kept = Event.objects.filter(stream__epoch="abcdef0123456789").values("stream").annotate(count=Count("pk")).order_by()
print(json.dumps([retention.holes(), sorted(set(kept.values_list("count", flat=True)))]))
"""


def finish(running: Running, kept: int) -> dict[str, Any]:
    """Deletes the rest without a pause, and audits the log, which must hold the last `kept` events of each stream."""
    before, began = statistics_of(running)["deleted"], time.monotonic()
    pruner = Pruner(running, 1.0)
    assert pruner.process.wait() == 0, servers.tail(running.folder / "prune.log")
    taken = time.monotonic() - began
    holes, counts = json.loads(run_manage(running.environment, "shell", "-v", "0", "-c", _AUDIT).splitlines()[-1])
    assert not holes, f"{len(holes)} streams have a hole"
    assert counts == [kept], f"of a stream {counts} events are kept"
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_force_next_flush()")
    rows = statistics_of(running)["deleted"] - before
    return {"rest": rows, "rest_per_second": round(rows / taken)}


def measure(running: Running, options: argparse.Namespace) -> dict[str, Any]:
    loads = {f"{options.rate:g}_per_second": options.rate, "full_speed": 0.0}
    found: dict[str, Any] = {
        f"never_pruned_{name}": write_in_turns(running, rate, options.seconds / 3, lambda is_on: None).figures()
        for name, rate in loads.items()
    }
    say(f"{found}")
    pruner = Pruner(running, options.share)
    try:
        wait_for_deletions(running, pruner)
        pruner.switch(True)
        for name, rate in loads.items():
            before, ran = statistics_of(running), pruner.seconds
            turns = write_in_turns(running, rate, options.seconds, pruner.switch)
            after, ran = statistics_of(running), pruner.seconds - ran
            assert not pruner.has_ended(), "pruning ended before the writers did"
            found[name] = turns.figures() | {
                "deleted_per_second": round((after["deleted"] - before["deleted"]) / ran),
                "autovacuums": after["autovacuums"] - before["autovacuums"],
            }
            say(f"{name}: {found[name]}")
    finally:
        pruner.end()
    return found


def say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} load {os.getloadavg()[0]:.1f}: {text}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seconds", type=float, default=160.0, help="of each load")
    parser.add_argument("--rate", type=float, default=200.0, help="writes a second of the first load")
    parser.add_argument("--share", type=float, default=0.05, help="of the time in which the pruner deletes")
    parser.add_argument("--check", action="store_true", help="fail above the promised ratio")
    options = parser.parse_args()
    stores = Stores()
    try:
        stores.postgresql.execute("ALTER SYSTEM SET autovacuum_naptime = '1s'")
        stores.postgresql.execute("SELECT pg_reload_conf()")
        kept = options.events // STREAMS // 10
        environment = {"PRUNE_SECONDS": "0", "RETENTION_EVENTS": str(kept)}
        running = tidewire(extra=environment).start(stores, ROOMS)
        try:
            Publisher(running, WRITERS, ROOMS, 0, 500).write()
            began = time.monotonic()
            fill(running, options.events)
            found: dict[str, Any] = {"events": options.events, "share": options.share}
            found["filled_in_seconds"] = round(time.monotonic() - began)
            say(f"filled in {found['filled_in_seconds']} s")
            found |= measure(running, options) | finish(running, kept)
        finally:
            running.stop()
    finally:
        stores.stop()
    found["load"] = os.getloadavg()[0]
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    loads = [each for each in found.values() if isinstance(each, dict) and "autovacuums" in each]
    shown = [
        f"{each['p99_ratio']:.2f} ({each['p99_interval'][0]:.2f} to {each['p99_interval'][1]:.2f})" for each in loads
    ]
    figure(
        f"pruning nine tenths of {options.events:,} events in {options.share:.0%} of the time: p99 of writes "
        f"{', '.join(shown)} of that without"
    )
    return 1 if options.check and any(each["p99_interval"][1] > MOST_RATIO for each in loads) else 0


if __name__ == "__main__":
    sys.exit(main())
