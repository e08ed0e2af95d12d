"""`python -m bench.processes`: what the poll and the channel layer cost PostgreSQL and Redis at many processes.

    python -m bench.processes                    # measures the constants, then calculates 1 to 1,000 processes

A model with measured constants. Measured are, on throw-away servers, in CPU time of the server's own process, which a
busy machine hardly changes:

- the poll of every process: the real query (`heads.touched`) by the real session, with 0 to 10,000 streams written to
  in the last seconds;
- a message of the channel layer: PUBLISH to a channel with 1 to 100 subscribed connections, the size of an event.

Calculated are the cores that both need. A process polls once in POLL_SECONDS (1), and its query returns each stream
that was written to in the last TOUCHED_SECONDS (10) and one poll. A message goes to each process with a socket that
follows its stream; the sockets of a stream are spread over the processes at random.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.databases import throw_away
from tests.rig import servers

STREAMS = 12_000
TOUCHED = (0, 100, 1_000, 10_000)
SUBSCRIBERS = (1, 10, 100)
MESSAGE_BYTES = 900
POLL_SECONDS, TOUCHED_SECONDS = 1.0, 10.0


@dataclass(frozen=True)
class Line:
    """A cost that grows in a straight line, in seconds of CPU: `base`, and `each` more."""

    base: float
    each: float

    def at(self, count: float) -> float:
        return self.base + self.each * count


@dataclass(frozen=True)
class Load:
    """What happens on a site: writes a second, the streams that they go to, and the sockets that follow each stream."""

    name: str
    writes: float
    streams: float
    followers: float

    def touched(self) -> float:
        """Returns how many streams are written to in the time that a poll looks back. Each is equally likely."""
        writes = self.writes * (TOUCHED_SECONDS + POLL_SECONDS)
        return self.streams * (1 - (1 - 1 / self.streams) ** writes)

    def receivers(self, processes: int) -> float:
        """Returns how many processes have a socket that follows a stream."""
        return processes * (1 - (1 - 1 / processes) ** self.followers)


LOADS = (
    Load("10 thousand sockets: 20 writes a second in 2,000 rooms of 5", 20, 2_000, 5),
    Load("1 million sockets: 1,000 writes a second in 100,000 rooms of 20", 1_000, 100_000, 20),
    Load("the same, all in 1,000 rooms of 1,000", 1_000, 1_000, 1_000),
    Load("100 million sockets: 50,000 writes a second in 10,000,000 rooms of 20", 50_000, 10_000_000, 20),
)


def fitted(points: list[tuple[int, float]]) -> Line:
    """Returns the line through the first and the last of these points."""
    (first, low), (last, high) = points[0], points[-1]
    each = (high - low) / (last - first)
    return Line(low - each * first, each)


def cpu_of(pid: int, work: Callable[[], None], repeat: int) -> float:
    """Returns the CPU time of a process for one call of `work`, in seconds. The kernel counts it in nanoseconds."""
    clock = Path(f"/proc/{pid}/schedstat")
    work()
    before = int(clock.read_text().split()[0])
    for _ in range(repeat):
        work()
    return (int(clock.read_text().split()[0]) - before) / repeat / 1e9


def measure_poll() -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
    """Returns [(streams that it returns, CPU)] of a poll: of PostgreSQL, and of the process that polls."""
    from django.db import connection

    from tidewire.log import heads

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tidewire_stream (name, epoch, head, touched_at) "
            "SELECT 'room:' || gen_random_uuid(), 'abcdef0123456789', 9, now() - interval '1 day' "
            "FROM generate_series(1, %s)",
            [STREAMS],
        )
        cursor.execute("VACUUM ANALYZE tidewire_stream")
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    servers_, ours = [], []
    for touched in TOUCHED:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE tidewire_stream SET touched_at = now() + interval '1 hour' WHERE id IN "
                "(SELECT id FROM tidewire_stream ORDER BY id LIMIT %s)",
                [touched],
            )
            cursor.execute("VACUUM ANALYZE tidewire_stream")
        repeat = 40_000 // (touched + 100) + 6
        began = time.thread_time()
        servers_.append((touched, cpu_of(pid, partial(_poll, heads, touched), repeat)))
        ours.append((touched, (time.thread_time() - began) / (repeat + 1)))
    return servers_, ours


def _poll(heads: Any, expected: int) -> None:
    found = heads.touched(TOUCHED_SECONDS + POLL_SECONDS)
    assert len(found) == expected


def measure_layer() -> list[tuple[int, float]]:
    """Returns [(subscribed connections, CPU of Redis)] of one message. The receivers read in the same thread."""
    from redis import Redis

    server = servers.start_redis()
    found = []
    message = b"x" * MESSAGE_BYTES
    try:
        publisher = Redis.from_url(server.url)
        for count in SUBSCRIBERS:
            listening = [Redis.from_url(server.url).pubsub(ignore_subscribe_messages=True) for _ in range(count)]
            for each in listening:
                each.subscribe("group")
                each.get_message(timeout=5)

            def publish(listening: list[Any] = listening, count: int = count) -> None:
                assert publisher.publish("group", message) == count
                for each in listening:
                    assert each.get_message(timeout=5)

            found.append((count, cpu_of(server.process.pid, publish, 1_000 // count + 20)))
            for each in listening:
                each.close()
    finally:
        server.stop()
    return found


def calculate(poll: Line, ours: Line, layer: Line, processes: int, load: Load) -> dict[str, Any]:
    """Returns the cores that the poll and the layer need."""
    touched = load.touched()
    return {
        "streams in a poll": round(touched),
        "PostgreSQL's cores for the polls": round(processes / POLL_SECONDS * poll.at(touched), 2),
        "part of each process's core": round(ours.at(touched) / POLL_SECONDS, 4),
        "Redis' cores": round(load.writes * layer.at(load.receivers(processes)), 2),
        "messages to processes a second": round(load.writes * load.receivers(processes)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, nargs="*", default=[10, 100, 1_000])
    options = parser.parse_args()
    with throw_away("processes", "postgresql"):
        import django  # the settings read what stands above

        django.setup()
        from django.db import connection

        from tidewire.models import Stream

        with connection.schema_editor() as editor:
            editor.create_model(Stream)
        polls, ours = measure_poll()
    layer = measure_layer()
    found: dict[str, Any] = {"load": os.getloadavg()[0]}
    for name, points in (("poll, PostgreSQL", polls), ("poll, process", ours), ("message, Redis", layer)):
        found[f"{name}, µs"] = {count: round(seconds * 1e6, 1) for count, seconds in points}
    lines = [fitted(points) for points in (polls, ours, layer)]
    for load in LOADS:
        found[load.name] = {count: calculate(*lines, count, load) for count in options.processes}
    sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
