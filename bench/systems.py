"""The systems that are measured: Tidewire, the textbook, and the floor. Each is one server process on one core."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from bench import tools
from tests.rig import servers
from tests.rig.site import ROOT, child_environment, run_manage

SERVER_CORE = 0
CLIENT_CORE = (os.cpu_count() or 1) - 1
READY_SECONDS = 60.0
USERS = 100
WRITERS = 16
MANY_ROOMS = 500  # from here on one writer is a member of all

SERVE = ["manage.py", "serve", "--port", "{port}"]
DAPHNE = ["-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "{application}"]
UVICORN = ["-m", "uvicorn", "--port", "{port}", "--no-access-log", "--log-level", "warning", "--ws",
           "websockets-sansio", "--ws-per-message-deflate", "false", "{application}"]  # fmt: skip

OURS = """
import json
from api.auth import sessions
from api.models import Member, Room, User
users = User.objects.bulk_create(User(email=f"fan{n}@example.com", name=f"fan {n}") for n in range(%d))
rooms = Room.objects.bulk_create(Room(name="fans", kind="public") for n in range(%d))
Member.objects.bulk_create(
    Member(room=room, user=user, role="member", read_from=0) for room in rooms for user in users[:%d]
)
print(json.dumps([[str(room.pk) for room in rooms], [sessions.sign_in_as(user)["access"] for user in users]]))
"""
THEIRS = """
import json
from bench.textbook.chat.models import Member, Room, User
from rest_framework_simplejwt.tokens import AccessToken
users = User.objects.bulk_create(User(email=f"fan{n}@example.com", name=f"fan {n}") for n in range(%d))
rooms = Room.objects.bulk_create(Room(name="fans", kind="public") for n in range(%d))
Member.objects.bulk_create(Member(room=room, user=user) for room in rooms for user in users[:%d])
print(json.dumps([[str(room.pk) for room in rooms], [str(AccessToken.for_user(user)) for user in users]]))
"""


class Stores:
    """One PostgreSQL and one Redis for the whole run, on the client's core."""

    def __init__(self) -> None:
        self.postgresql = servers.start_postgresql()
        self.redis = servers.start_redis()
        self._templates: dict[tuple[str, Path], str] = {}
        self._count = 0
        for pid in (self.postgresql.process.pid, self.redis.process.pid):
            os.sched_setaffinity(pid, {CLIENT_CORE})  # inherited by the backends

    def database(self, settings: str, *migrate: str, root: Path = ROOT) -> str:
        """Makes a database with the tables of these settings, of the project in `root`. Returns its URL."""
        if (settings, root) not in self._templates:
            name = f"template_{self._count}"
            environment = {**child_environment(servers.temporary_folder("bench")), "DJANGO_SETTINGS_MODULE": settings}
            environment |= {"DATABASE_URL": self.postgresql.create_database(name), "REDIS_URL": self.redis.url}
            run_manage(environment, "migrate", "--verbosity", "0", *migrate, root=root)
            self._templates[settings, root] = name
        self._count += 1
        return self.postgresql.create_database(f"bench_{self._count}", template=self._templates[settings, root])

    def stop(self) -> None:
        self.redis.stop()
        self.postgresql.stop()


@dataclass
class System:
    """How a system is started and spoken to. `layer` is pubsub, core or memory; Redis counts as part of the server.
    `root` is the folder of its project, `python` runs its server: others for another revision, or another Python."""

    name: str
    command: list[str]
    layer: str = "pubsub"
    has_pool: bool = True
    settings: str = "backend.settings"
    setup: str = OURS
    migrate: tuple[str, ...] = ()
    application: str = "backend.asgi:application"
    path: str = "/connection/websocket"
    hello: tuple[str, ...] = (
        '{"id":1,"connect":{"token":"%t"}}\n{"id":2,"subscribe":{"channel":"room:ROOM"}}'.replace("\n", "\\n"),
    )
    acks: int = 2
    extra: dict[str, str] = field(default_factory=dict)
    root: Path = ROOT
    python: str = sys.executable

    def start(self, stores: Stores, rooms: int = 1, setup: str = "", beside: Running | None = None) -> Running:
        """`setup` fills the database in place of the system's own program, which makes USERS and so many rooms. With
        `beside` it is the filled database of another one."""
        return Running(self, stores, rooms, setup, beside)


class Running:
    """A running system, with users and rooms in its database."""

    def __init__(
        self, system: System, stores: Stores, rooms: int, setup: str = "", beside: Running | None = None
    ) -> None:
        self.system, self._stores = system, stores
        self.folder, self.port = servers.temporary_folder("bench"), servers.free_port()
        self.log = self.folder / "log"
        self.url = beside.url if beside else stores.database(system.settings, *system.migrate, root=system.root)
        self.environment = child_environment((beside or self).folder) | {  # with the secrets of the other's tokens
            "DJANGO_SETTINGS_MODULE": system.settings,
            "DATABASE_URL": self.url,
            "BENCH_LAYER": system.layer,
            "BENCH_POOL": str(int(system.has_pool)),
            "ACCESS_TOKEN_SECONDS": "3600",
            # All clients come from one machine.
            "ACCEPTS_PER_SECOND": "0",
            "MAX_CONNECTIONS_PER_USER": "0",
            "REQUESTS_PER_USER": "0",
            "LOG_LEVEL": "WARNING",
            "ACCESS_LOG": "0",  # the other servers write none either
            **system.extra,
        }
        if system.layer != "memory" or system.settings != "backend.settings":
            self.environment["REDIS_URL"] = stores.redis.url
        program = setup or system.setup % (USERS, rooms, WRITERS if rooms <= MANY_ROOMS else 1)
        fill = ("shell", "-v", "0", "-c", program)
        self.printed = beside.printed if beside else run_manage(self.environment, *fill, root=system.root)
        self.rooms, self.tokens = json.loads(self.printed.strip().splitlines()[-1])
        self.token_file = self.folder / "tokens"
        self.token_file.write_text("\n".join(self.tokens))
        self.room_file = self.folder / "rooms"
        self.transactions = transactions(self.url)
        command = [part.format(port=self.port, application=system.application) for part in system.command]
        self.process = servers.spawn(
            [*tools.on_core(SERVER_CORE), system.python, *command], log=self.log, cwd=system.root, env=self.environment
        )
        self._wait()

    @property
    def pids(self) -> list[int]:
        """The processes that count as the server."""
        return [self.process.pid, *([self._stores.redis.process.pid] if self.system.layer != "memory" else [])]

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise servers.ServerError(f"{self.system.name} does not serve:\n{servers.tail(self.log)}")

    @contextmanager
    def statements(self) -> Iterator[Counter[str]]:
        """Counts the statements that read each table while the block runs, except those of the hub's poll."""
        counted: Counter[str] = Counter()
        with self._stores.postgresql.statements() as statements:
            yield counted
        for statement in statements:
            table = re.search(r'FROM "?(\w+)', statement)
            if table and "touched_at >" not in statement:
                counted[table[1]] += 1

    def options(self, sockets: int, rooms: int = 1, hello: tuple[str, ...] | None = None) -> list[str | int]:
        """Returns the load client's options for connecting and subscribing these sockets."""
        room = self.rooms[0] if rooms == 1 else "%r"
        hellos = [part for text in hello or self.system.hello for part in ("-i", text.replace("ROOM", room))]
        watched = [part for pid in self.pids for part in ("-p", pid)]
        tokens = ["-T", self.token_file, *self._room_options(rooms)]
        return [
            "-n",
            sockets,
            "-c",
            32,
            "-C",
            120,
            "-z",
            3000,
            "-W",
            self.system.acks,
            "-k",
            "ts\\",
            *tokens,
            *hellos,
            *watched,
        ]

    def _room_options(self, rooms: int) -> list[str | int]:
        if rooms == 1:
            return []
        self.room_file.write_text("\n".join(self.rooms[:rooms]))
        return ["-R", self.room_file]

    @property
    def target(self) -> list[str | int]:
        return ["127.0.0.1", self.port, self.system.path]

    def stop(self) -> None:
        servers.end(self.process, 15)


class Floor:
    """The broadcaster in C: no HTTP, no database, no JSON. No server on this machine can be faster."""

    name = "floor"

    def __init__(self) -> None:
        self.port = servers.free_port()
        self.process = subprocess.Popen([*tools.on_core(SERVER_CORE), str(tools.program("wsblast")), str(self.port)])
        time.sleep(0.3)

    def options(self, sockets: int) -> list[str | int]:
        return ["-n", sockets, "-c", 32, "-p", self.process.pid]

    @property
    def target(self) -> list[str | int]:
        return ["127.0.0.1", self.port, "/"]

    def stop(self) -> None:
        servers.end(self.process, 9)


def transactions(url: str) -> int:
    """Returns how many transactions the ended sessions of a database have committed. A statement of a read is one."""
    with psycopg.connect(url, autocommit=True) as connection:
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        (count,) = connection.execute(query).fetchone() or (0,)
        return count


def tidewire(server: str = "serve", layer: str = "pubsub", **fields: object) -> System:
    command = {"serve": SERVE, "daphne": DAPHNE, "uvicorn": UVICORN}[server]
    return System(f"tidewire, {server}, {layer}", command, layer, **fields)


def textbook(server: str = "daphne", layer: str = "pubsub", has_pool: bool = True) -> System:
    return System(
        f"textbook, {server}{', pool' if has_pool else ''}, {layer}",
        {"daphne": DAPHNE, "uvicorn": UVICORN}[server],
        layer,
        has_pool,
        settings="bench.textbook.settings",
        setup=THEIRS,
        migrate=("--run-syncdb",),
        application="bench.textbook.asgi:application",
        path="/ws/",
        hello=('{"token":"%t"}', '{"subscribe":"ROOM"}'),
        acks=1,
    )
