"""`python -m bench.pieces`: what each piece of the fast path (tidewire/queries/) brings to one `POST …/messages/`.

One process, no HTTP: requests go through Django's handler, as in `http/threaded_handler.py`. What follows COMMIT (the
channel layer, the sockets) is left out. The whole is compared with the whole without one piece, in short batches that
take turns. Each of the two has threads, connections and prepared statements of its own. A ratio is taken within each
pair of neighbouring batches, so other work of the machine meets both; the median of the ratios is shown, with its
quartiles.

    python -m bench.pieces                 # one writer on PostgreSQL
    python -m bench.pieces --writers 16    # they write to one room, so they wait for each other
    python -m bench.pieces --database sqlite --only prepared-queries
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar
from unittest.mock import patch

from tests.rig import servers
from tests.rig.site import QUOTAS

PAIRS, WRITES, WARM_UP = 120, 12, 3
TEXT = "x" * 200

T = TypeVar("T")
Piece = Callable[[], Any]
"""Makes a context manager. Inside it this piece is turned off."""


# -- turning a piece off -----------------------------------------------------------------------------------------------


def _live_serializer() -> Any:
    from tidewire.declare.live import Live

    return patch.object(Live, "_serializer", property(lambda self: self.serializer()))


def _request_serializer() -> Any:
    from tidewire.rest.serializers import ReusedSerializer

    return patch.object(ReusedSerializer, "_made", lambda self, context: self._serializer_class(context=context))


def _deferred_insert() -> Any:
    from tidewire.queries import deferred_insert

    return patch.object(deferred_insert, "are_inserts_deferred", lambda connection: False)


def _commit() -> Any:
    from tidewire.log import event_log

    return patch.object(event_log, "can_join", lambda connection: False)


def _prepared_statements() -> Any:
    from tidewire.queries.prepared_statement import PreparedStatement

    return patch.object(PreparedStatement, "_text", lambda self, connection: self.sql)


def _prepared_queries() -> Any:
    from tidewire.queries.prepared_query import PreparedQuery

    return patch.object(PreparedQuery, "_compiled", lambda self, using, values: None)


def _round_trips() -> Any:
    from tidewire.queries import round_trips

    return patch.object(round_trips, "_gathering_of", lambda connection: None)


PIECES: dict[str, Piece] = {
    "live-serializer": _live_serializer,
    "request-serializer": _request_serializer,
    "deferred-insert": _deferred_insert,
    "commit": _commit,
    "prepared-statements": _prepared_statements,
    "prepared-queries": _prepared_queries,
    "round-trips": _round_trips,
}
ON_SQLITE = ["live-serializer", "request-serializer", "prepared-queries"]


# -- writers -----------------------------------------------------------------------------------------------------------


class Writer:
    """Posts messages of one person to the room through Django's handler."""

    def __init__(self, room: str, token: str) -> None:
        from tidewire.http.threaded_handler import _SyncHandler

        self._handler = _SyncHandler()
        self._body = json.dumps({"text": TEXT}).encode()
        self._scope = {
            "type": "http",
            "method": "POST",
            "path": f"/api/v1/rooms/{room}/messages/",
            "query_string": b"",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", b"Bearer " + token.encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self._body)).encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }

    def post(self, count: int) -> None:
        for _ in range(count):
            request, response = self._handler.create_request(self._scope, BytesIO(self._body))
            response = response or self._handler.get_response(request)
            assert response.status_code == 201, getattr(response, "content", response)
            response.close()


def people(count: int) -> list[Writer]:
    """The members of one room. This process knows their tokens without asking the database."""
    from api.auth import sessions
    from api.models import Member, Room, User
    from tidewire.log import revocations

    class Follower:
        is_current = True

        def has_ended(self, session_id: str | None) -> bool:
            return False

    revocations.attach(Follower())
    users = User.objects.bulk_create(User(email=f"writer{n}@example.com", name="writer") for n in range(count))
    room = Room.objects.create(name="room", kind="public")
    Member.objects.bulk_create(Member(room=room, user=user, role="member", read_from=0) for user in users)
    return [Writer(str(room.pk), sessions.sign_in_as(user)["access"]) for user in users]


@dataclass
class Cost:
    """Of one write, in microseconds."""

    cpu: float
    database_cpu: float
    wall: float


class Side:
    """One of the two that take turns: which pieces are off, and a thread with a connection of its own per writer."""

    def __init__(self, off: Iterable[str], writers: Sequence[Writer]) -> None:
        from tidewire.ground.threads import Threads

        self._off = [PIECES[name] for name in off]
        self._writers = writers
        self._threads = Threads(len(writers), "bench")

    def batch(self, writes: int, warm_up: int) -> Cost:
        with ExitStack() as stack:
            for off in self._off:
                stack.enter_context(off())
            backends = self._each(lambda writer: (writer.post(warm_up), _backend())[1])
            gc.collect()
            before = time.process_time_ns(), _cpu_of(backends), time.perf_counter_ns()
            self._each(lambda writer: writer.post(writes))
            wall, cpu = time.perf_counter_ns(), time.process_time_ns()
            after = cpu, _cpu_of(backends), wall
        count = writes * len(self._writers)
        return Cost(*((late - early) / count / 1000 for early, late in zip(before, after, strict=True)))

    def _each(self, work: Callable[[Writer], T]) -> list[T]:
        """Runs the work of all writers at once, each in a thread of its own."""
        all_there = threading.Barrier(len(self._writers))
        results: list[Future[T]] = [Future() for _ in self._writers]

        def run(writer: Writer, result: Future[T]) -> None:
            all_there.wait()
            try:
                result.set_result(work(writer))
            except BaseException as error:
                result.set_exception(error)

        for writer, result in zip(self._writers, results, strict=True):
            self._threads.run(partial(run, writer, result))
        return [result.result() for result in results]

    def close(self) -> None:
        self._threads.close()


def _backend() -> int | None:
    """The process of PostgreSQL that serves this thread."""
    from django.db import connection

    connection.ensure_connection()
    return connection.connection.info.backend_pid if connection.vendor == "postgresql" else None


def _cpu_of(pids: Iterable[int | None]) -> int:
    """Nanoseconds that these processes of one thread each have run, as the scheduler counts them."""
    return sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids if pid)


# -- pairs, and what they say ------------------------------------------------------------------------------------------


@dataclass
class Row:
    """On and off, batch by batch."""

    name: str
    on: list[Cost]
    off: list[Cost]

    def figures(self, which: str) -> list[str]:
        """Median with the piece, without it, and the ratio with its quartiles."""
        on, off = [getattr(each, which) for each in self.on], [getattr(each, which) for each in self.off]
        if not all(on):
            return ["", "", ""]
        ratios = [without / with_it for with_it, without in zip(on, off, strict=True)]
        low, middle, high = quantiles(ratios, n=4)
        return [f"{median(on):,.0f}", f"{median(off):,.0f}", f"{middle:.3f} ({low:.2f} to {high:.2f})"]


def compare(name: str, off: Iterable[str], pairs: int, writes: int, writers: Sequence[Writer]) -> Row:
    """The whole, and the whole without the pieces `off`."""
    sides = Side([], writers), Side(off, writers)
    for side in sides:
        side.batch(writes, WARM_UP)
    costs: tuple[list[Cost], list[Cost]] = [], []
    for pair in range(pairs):
        for which in (0, 1) if pair % 2 == 0 else (1, 0):
            costs[which].append(sides[which].batch(writes, WARM_UP))
    for side in sides:
        side.close()
    return Row(name, *costs)


def table(rows: list[Row]) -> str:
    kinds = {"cpu": "CPU", "database_cpu": "PostgreSQL's", "wall": "wall"}
    head = ["piece", *(f"{title}, {what}" for title in kinds.values() for what in ("with, µs", "without", "ratio"))]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    lines += [[row.name, *(text for kind in kinds for text in row.figures(kind))] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pieces", description=__doc__)
    parser.add_argument("--database", choices=("postgresql", "sqlite"), default="postgresql")
    parser.add_argument("--only", default="", help="names of pieces, separated by commas")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--writes", type=int, default=WRITES, help="of each writer in a batch")
    parser.add_argument("--writers", type=int, default=1, help="how many write to one room at once")
    arguments = parser.parse_args()
    _set_up(arguments.database, arguments.writers)
    writers = people(arguments.writers)
    names = list(PIECES) if arguments.database == "postgresql" else ON_SQLITE
    sets = {name: [name] for name in arguments.only.split(",") if name} or {**{n: [n] for n in names}, "all": names}
    rows = []
    for name, off in sets.items():
        rows.append(compare(name, off, arguments.pairs, arguments.writes, writers))
        print(f"{name}: CPU {rows[-1].figures('cpu')[2]}, load {os.getloadavg()[0]:.1f}", flush=True)  # noqa: T201
    where = f"{arguments.database}, writers: {arguments.writers}, load {os.getloadavg()[0]:.1f}"
    print(f"\n{time.strftime('%Y-%m-%d')}, {where}\n\n{table(rows)}")  # noqa: T201


def _set_up(database: str, writers: int) -> None:
    """A throw-away database with the product in it, and the collector as `serve` has it."""
    os.environ.update(DJANGO_SETTINGS_MODULE="backend.settings", TIDEWIRE_MODE="development", LOG_LEVEL="WARNING")
    os.environ.update(dict.fromkeys(QUOTAS, "0"))
    os.environ.update(DATABASE_URL="", REDIS_URL="", ACCESS_TOKEN_SECONDS="3600")
    os.environ["DATA_DIR"] = str(servers.temporary_folder("pieces"))
    os.environ["DATABASE_POOL_SIZE"] = str(2 * writers + 6)
    if database == "postgresql":
        os.environ["DATABASE_URL"] = servers.start_postgresql().create_database("pieces")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


if __name__ == "__main__":
    main()
