"""`python -m bench.pieces`: what each piece of the fast path (tidewire/queries/) brings to one `POST …/messages/`.

One process, one writer, no HTTP: requests go through Django's handler, as in `http/threaded_handler.py`. What
follows COMMIT (the channel layer, the sockets) is left out. Each piece is compared with its absence in short batches
that take turns, on then off, then off and on. Each of the two has a thread, a connection and prepared statements of its
own, so nothing of one helps the other. A ratio is taken within each pair of neighbouring batches, and the median of the
ratios is shown: what else the machine does meets both halves of a pair.

    python -m bench.pieces                      # each piece removed from the whole, on PostgreSQL
    python -m bench.pieces --alone              # each piece added to plain Django
    python -m bench.pieces --database sqlite --only prepared-queries
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from unittest.mock import patch

from tests.rig import servers

PAIRS, WRITES, WARM_UP = 120, 12, 3
TEXT = "x" * 200

Piece = Callable[[], Any]
"""Makes a context manager. Inside it this piece is turned off."""


# -- turning a piece off -----------------------------------------------------------------------------------------------


def _live_serializer() -> Any:
    from tidewire.declare.live import Live

    return patch.object(Live, "_serializer", property(lambda self: self.serializer()))


def _request_serializer() -> Any:
    from api.rest.serializers import ReusedSerializer

    return patch.object(ReusedSerializer, "_made", lambda self, context: self._serializer_class(context=context))


def _deferred_insert() -> Any:
    from tidewire.queries import deferred_insert

    return patch.object(deferred_insert, "are_inserts_deferred", lambda connection: False)


def _begin() -> Any:
    from tidewire.queries.postgresql import Connection

    return patch.object(Connection, "begin", None)


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
    "begin": _begin,
    "commit": _commit,
    "prepared-statements": _prepared_statements,
    "prepared-queries": _prepared_queries,
    "round-trips": _round_trips,
}
ON_SQLITE = ["live-serializer", "request-serializer", "prepared-queries"]


# -- one write ---------------------------------------------------------------------------------------------------------


class _Post:
    """Posts messages through Django's handler. Calls come from the thread of a `Side`."""

    def __init__(self) -> None:
        from tidewire.http.threaded_handler import _SyncHandler

        self.handler = _SyncHandler()
        room, token = _people()
        self.body = json.dumps({"text": TEXT}).encode()
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": f"/api/v1/rooms/{room}/messages/",
            "query_string": b"",
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"authorization", b"Bearer " + token.encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(self.body)).encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }

    def __call__(self) -> None:
        request, _ = self.handler.create_request(self.scope, BytesIO(self.body))
        response = self.handler.get_response(request)
        assert response.status_code == 201, response.content
        response.close()


_post: _Post


def _people() -> tuple[str, str]:
    """A room with one member, and the member's token, which this process knows without asking the database."""
    from api.auth import sessions
    from api.models import Member, Room, User
    from tidewire.log import revocations

    class Follower:
        is_current = True

        def has_ended(self, session_id: str | None) -> bool:
            return False

    revocations.attach(Follower())
    user = User.objects.create(email="writer@example.com", name="writer")
    room = Room.objects.create(name="room", kind="public")
    Member.objects.create(room=room, user=user, role="member", read_from=0)
    return str(room.pk), sessions.sign_in_as(user)["access"]


@dataclass
class Cost:
    """Of one write, in microseconds."""

    cpu: float
    database_cpu: float
    wall: float


class Side:
    """One of the two that take turns: which pieces are off, and a thread with a connection of its own."""

    def __init__(self, off: Iterable[str]) -> None:
        from tidewire.ground.threads import Threads

        self._off = [PIECES[name] for name in off]
        self._thread = Threads(1, "bench")

    def batch(self, writes: int, warm_up: int) -> Cost:
        with ExitStack() as stack:
            for off in self._off:
                stack.enter_context(off())
            done: Future[Cost] = Future()
            self._thread.run(lambda: _settle(done, lambda: _batch(writes, warm_up)))
            return done.result()

    def close(self) -> None:
        self._thread.close()


def _settle(done: Future[Cost], work: Callable[[], Cost]) -> None:
    try:
        done.set_result(work())
    except BaseException as error:
        done.set_exception(error)


def _batch(writes: int, warm_up: int) -> Cost:
    from django.db import connection

    connection.ensure_connection()
    for _ in range(warm_up):
        _post()
    gc.collect()
    pid = connection.connection.info.backend_pid if connection.vendor == "postgresql" else None
    before = time.process_time_ns(), _cpu_of(pid), time.perf_counter_ns()
    for _ in range(writes):
        _post()
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    after = cpu, _cpu_of(pid), wall
    return Cost(*((late - early) / writes / 1000 for early, late in zip(before, after, strict=True)))


def _cpu_of(pid: int | None) -> int:
    """Nanoseconds that a process of one thread has run, as the scheduler counts them."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) if pid else 0


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


def compare(name: str, on: Iterable[str], off: Iterable[str], pairs: int, writes: int) -> Row:
    """`on` and `off` are the pieces that are turned off on each side."""
    sides = Side(on), Side(off)
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
    parser.add_argument("--alone", action="store_true", help="each piece added to plain Django")
    parser.add_argument("--only", default="", help="names of pieces, separated by commas")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--writes", type=int, default=WRITES, help="in a batch")
    arguments = parser.parse_args()
    _set_up(arguments.database)
    names = list(PIECES) if arguments.database == "postgresql" else ON_SQLITE
    wanted = [name for name in arguments.only.split(",") if name] or names
    rows = []
    for name in wanted:
        on, off = ([each for each in names if each != name], names) if arguments.alone else ([], [name])
        rows.append(compare(name, on, off, arguments.pairs, arguments.writes))
        print(f"{name}: CPU {rows[-1].figures('cpu')[2]}, load {os.getloadavg()[0]:.1f}", flush=True)  # noqa: T201
    if not arguments.only:
        rows.append(compare("all of them", [], names, arguments.pairs, arguments.writes))
    print(f"\n{time.strftime('%Y-%m-%d')}, {arguments.database}, load {os.getloadavg()[0]:.1f}\n\n{table(rows)}")  # noqa: T201


def _set_up(database: str) -> None:
    """A throw-away database with the product in it, and the collector as `serve` has it."""
    global _post
    os.environ.update(DJANGO_SETTINGS_MODULE="backend.settings", TIDEWIRE_MODE="development", LOG_LEVEL="WARNING")
    os.environ.update(dict.fromkeys(("REQUESTS_PER_USER", "REQUESTS_PER_KEY", "REQUESTS_PER_ADDRESS"), "0"))
    os.environ["DATA_DIR"] = str(servers.temporary_folder("pieces"))
    os.environ.update(DATABASE_URL="", REDIS_URL="", ACCESS_TOKEN_SECONDS="3600")
    if database == "postgresql":
        os.environ["DATABASE_URL"] = servers.start_postgresql().create_database("pieces")
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _post = _Post()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


if __name__ == "__main__":
    main()
