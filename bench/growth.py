"""Measures what a write costs beside a log of millions of events, and while that log is pruned."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import psycopg

from bench import tools
from bench.measures import Row
from bench.systems import CLIENT_CORE, Running, Stores, System
from bench.writers import Publisher
from tests.rig import servers
from tests.rig.site import ROOT

STREAMS = 100
WRITERS, WRITES = 16, 600

# Ten days old: all but the last 10,000 of each stream are outside its window.
OLD_STREAMS = """INSERT INTO tidewire_stream (name, epoch, head, touched_at)
SELECT 'room:00000000-0000-7000-8000-' || lpad(n::text, 12, '0'), 'abcdef0123456789', %(each)s,
    now() - interval '10 days'
FROM generate_series(1, %(streams)s) n
"""
_EVENTS = """INSERT INTO tidewire_event
    (id, stream_id, "offset", type, object, actor, ends_access, revocation_offset, at, payload)
SELECT ('00000000-' || lpad(to_hex(s.id %% 65536), 4, '0') || '-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
    s.id, n, 'message.created', 'api.message:' || n, '', '', 0, now() - interval '10 days',
    '{"type":"message.created","data":"' || repeat('x', 200) || '"}'
FROM tidewire_stream s, generate_series(1, %(each)s) n WHERE s.epoch = 'abcdef0123456789'
"""


def log(stores: Stores, system: System, events: int) -> Iterator[Row]:
    """Runs the same writers three times: beside an empty log, beside `events` events, and while these are pruned."""
    running = system.start(stores)
    try:
        Publisher(running, 4, 1, 0, 60).write()
        yield _writes(running, "an empty log")
        _fill(running, events)
        yield _writes(running, f"{events:,} events")
        pruning = servers.spawn(
            [*tools.on_core(CLIENT_CORE), sys.executable, "manage.py", "prune_events"],
            log=running.folder / "prune.log", cwd=ROOT, env=running.environment,
        )  # fmt: skip
        try:
            _wait_for_deletions(running, pruning)
            yield _writes(running, f"{events:,} events, being pruned", pruning)
        finally:
            servers.end(pruning, 5)
    finally:
        running.stop()


def _writes(running: Running, beside: str, meanwhile: subprocess.Popen | None = None) -> Row:
    row = Row("writes beside a log, 16 writers", beside)
    before = tools.cpu_seconds(running.pids)
    written = Publisher(running, WRITERS, 1, 0, WRITES).write()
    row.figures = {
        "µs/write": (tools.cpu_seconds(running.pids) - before) / WRITES * 1e6,
        "writes/s": written.per_second,
        "answer p50 ms": written.percentile(0.5) * 1000,
        "p99 ms": written.percentile(0.99) * 1000,
        "refused": written.failed,
    }
    if meanwhile is not None and meanwhile.poll() is not None:
        row.remarks.append("pruning ended before the writers did")
    return row


def _fill(running: Running, events: int) -> None:
    with psycopg.connect(running.url, autocommit=True) as connection:
        size = {"streams": STREAMS, "each": events // STREAMS}
        connection.execute(OLD_STREAMS, size)
        connection.execute(_EVENTS, size)
        connection.execute("VACUUM ANALYZE tidewire_event")
        connection.execute("CHECKPOINT")


def _wait_for_deletions(running: Running, pruning: subprocess.Popen) -> None:
    deleted = "SELECT n_tup_del FROM pg_stat_user_tables WHERE relname = 'tidewire_event'"
    with psycopg.connect(running.url, autocommit=True) as connection:
        while connection.execute(deleted).fetchone() == (0,) and pruning.poll() is None:
            connection.execute("SELECT pg_sleep(0.2)")
