"""`python -m tests.replicas`: reads with positions beside a real streaming replica that is held behind.

    python -m tests.replicas --reads 10000 --behind 5

Two `manage.py serve` share a PostgreSQL and its replica. Writers post, edit and delete messages, remove members and
erase accounts. Readers ask for lists, searches, pages of the log, pages of Durable Streams and recoveries by WebSocket
meanwhile. Each read is judged by what was answered before it began:

- its position is at least that of the last answered write to the stream, and a list shows the last message;
- it holds no text that was erased, with its message or with its author's account;
- it shows a removed member nothing of the room.

Fails on any violation, where a server fails, and where the replica served no read. With `--blind` the servers ask the
replica without looking at what it has replayed: then there must be violations of each kind, or the judge sees nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from bench.databases import throw_away
from tests.rig import servers
from tests.rig.site import QUOTAS, Environment, child_environment, tracebacks
from tests.rig.verify import figure
from tests.tidewire.serve.served import Served

READERS, WRITERS, SERVERS = 6, 2, 2
QUIET_SECONDS = 8.0
"""Between two writes to a quiet room: longer than the replica is behind."""
PAUSE_SECONDS = 0.05
STAY_SECONDS = 1.0
"""So long after the replica knows of a member, the member may be removed."""
SETTINGS = {"ACCESS_TOKEN_SECONDS": "7200", "LOG_LEVEL": "WARNING", "MAX_CONNECTIONS_PER_USER": "100000"}
SEEN = ("lower", "erased", "lacking", "removed")
"""The kinds of violations that a blind run must find."""


def run(world: Any, served: list[Served], reads: int, seed: int) -> Counter[str]:
    """Lets writers and readers work until so many reads are done. Returns how many of each kind."""
    from tests.replicas.reading import Reader
    from tests.replicas.world import BUSY, Client

    kinds: Counter[str] = Counter()
    errors: list[BaseException] = []

    def guarded(work: Callable[[random.Random], None], number: int) -> Callable[[], None]:
        def body() -> None:
            from django.db import connections

            try:
                work(random.Random(seed * 100 + number))
            except BaseException as error:
                errors.append(error)
                world.stopped.set()
            finally:
                connections.close_all()

        return body

    def write(chance: random.Random) -> None:
        client = Client(world.url, world.owner)
        written_at = dict.fromkeys(world.rooms[BUSY:], time.monotonic())
        while not world.stopped.is_set():
            world.write(client, chance.choice(world.rooms[:BUSY]), chance)
            for room, at in written_at.items():
                if time.monotonic() - at > QUIET_SECONDS * chance.uniform(1, 2):
                    written_at[room] = time.monotonic()
                    world.write(client, room, chance)
            world.stopped.wait(PAUSE_SECONDS)

    def read(chance: random.Random) -> None:
        reader = Reader(world, [each.url for each in served], [each.ws_url for each in served], chance)
        while not world.stopped.is_set():
            kind = reader.read()
            with world.truth.lock:
                kinds[kind] += 1
                if sum(kinds.values()) >= reads:
                    world.stopped.set()

    threads = [threading.Thread(target=guarded(write, n)) for n in range(WRITERS)]
    threads += [threading.Thread(target=guarded(read, WRITERS + n)) for n in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return kinds


def prepare(world: Any, behind: float) -> None:
    """Writes something to every room, and waits until the replica has it."""
    from django.db import connections

    from tests.replicas.world import Client

    chance, client = random.Random(0), Client(world.url, world.owner)
    for room in world.rooms:
        for _ in range(5):
            world.post(client, room, chance)
        world.change_members(client, room)
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn()::text")
        end = cursor.fetchone()[0]
    deadline = time.monotonic() + behind + 60
    with connections["replica"].cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn", [end])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.1)
    raise TimeoutError("the replica does not follow")


def outcomes(served: list[Served]) -> Counter[str]:
    """Returns {outcome: reads} of all servers' metrics."""
    found: Counter[str] = Counter()
    for server in served:
        text = httpx.get(f"{server.url}/metrics", trust_env=False).text
        for outcome, count in re.findall(r'tidewire_replica_reads_total\{outcome="(\w+)"\} ([\d.e+]+)', text):
            found[outcome] += int(float(count))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=10_000)
    parser.add_argument("--behind", type=float, default=5.0, help="seconds")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blind", action="store_true")
    options = parser.parse_args()
    os.environ |= dict.fromkeys(QUOTAS, "0") | SETTINGS
    with throw_away("replicas", "postgresql") as (server, folder), ExitStack() as ending:
        assert server is not None
        replica = servers.start_replica(server, f"recovery_min_apply_delay={int(options.behind * 1000)}ms")
        ending.callback(replica.stop)
        os.environ["DATABASE_REPLICA_URL"] = replica.database_url("replicas")
        return judge(options, folder, ending)


def serve(folder: Path, is_blind: bool, ending: ExitStack) -> list[Served]:
    named = ("DATABASE_URL", "DATABASE_REPLICA_URL")
    environment: Environment = child_environment(folder) | SETTINGS | {name: os.environ[name] for name in named}
    if is_blind:
        environment["TIDEWIRE_EXTRA_APPS"] = "tests.replicas.blind"
    served = [Served(environment, folder / f"server-{number}.log") for number in range(SERVERS)]
    for server in served:
        server.start()
        ending.callback(server.terminate)
    return served


def judge(options: argparse.Namespace, folder: Path, ending: ExitStack) -> int:
    import django  # the settings read the environment

    django.setup()
    from django.core.management import call_command

    from tests.replicas.world import World

    call_command("migrate", verbosity=0)
    served = serve(folder, options.blind, ending)
    world = World(served[0].url, options.behind + STAY_SECONDS)
    prepare(world, options.behind)
    before, began = outcomes(served), time.monotonic()
    kinds = run(world, served, options.reads, options.seed)
    by = outcomes(served) - before
    figure(
        f"replica held {options.behind:g} s behind, {sum(kinds.values()):,} reads ({dict(kinds)}) in "
        f"{time.monotonic() - began:.0f} s beside {world.written:,} texts written: {len(world.truth.violations)} "
        f"violations; served by {dict(by)}"
    )
    violations = Counter(re.sub(r"text-\d+-\w+|\d+", "…", each) for each in world.truth.violations)
    for text, count in violations.most_common():
        sys.stdout.write(f"{count} × {text}\n")
    failed = [text for each in served for text in tracebacks(each.log.read_text(errors="replace"))]
    sys.stdout.write("\n".join(failed[:3]))
    if options.blind:
        missing = set(SEEN) - {text.partition(":")[0] for text in violations}
        sys.stdout.write(f"not seen: {missing or 'none'}\n")
        return 1 if missing else 0
    return 1 if violations or failed or not by["replica"] else 0


if __name__ == "__main__":
    sys.exit(main())
