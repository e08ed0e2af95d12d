"""A running Tidewire: one process on SQLite and memory, or several on PostgreSQL and Redis.

The servers are child processes started as a deployment starts them, reached over TCP, killed and started again on the
same port. What they print goes to files. `Site.check_logs` fails on a traceback, because a traceback would wake an
operator.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx

from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.shell import Shell

QUOTAS = ("REQUESTS_PER_USER", "REQUESTS_PER_KEY", "REQUESTS_PER_ADDRESS", "WRITTEN_BYTES_PER_USER")

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS = 60.0
"""`make run` migrates and seeds before it serves: half of this on a machine with ten times its work."""
TRACEBACK = "Traceback (most recent call last):"

Environment = dict[str, str]

# {server program: its command, up to the port}. docs/operations.md gives the reasons for uvicorn's options.
PROGRAMS = {
    "daphne": "daphne --bind 127.0.0.1 --port",
    "uvicorn": "uvicorn --ws-per-message-deflate false --ws-max-size 262144 --timeout-graceful-shutdown 10"
    " --timeout-keep-alive 75 --no-proxy-headers --no-access-log --log-level warning --host 127.0.0.1 --port",
}


def wait_until_ready(address: str, status: int = 200, certificate: Path | None = None) -> None:
    """Waits until GET `address` answers with this status, over TLS with this certificate. Raises ServerError after
    READY_SECONDS."""
    trusted = ssl.create_default_context(cafile=str(certificate)) if certificate else True
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            if httpx.get(address, timeout=2, trust_env=False, verify=trusted).status_code == status:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise servers.ServerError(f"{address} is not ready after {READY_SECONDS:.0f} s")
        time.sleep(0.05)


class Server:
    """One process of daphne or uvicorn."""

    def __init__(self, environment: Environment, log: Path, program: str = "daphne") -> None:
        self.program = program
        self.port = servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/connection/websocket"
        self.log = log
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> None:
        command = [sys.executable, "-m", *PROGRAMS[self.program].split(), str(self.port), "backend.asgi:application"]
        self._process = servers.spawn(command, log=self.log, cwd=ROOT, env=self._environment)
        if wait:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self._process is None or self._process.poll() is not None:
                raise servers.ServerError(f"the server ended:\n{servers.tail(self.log)}")
            if time.monotonic() > deadline:
                self.kill()
                raise servers.ServerError(f"not ready after {READY_SECONDS:.0f} s:\n{servers.tail(self.log)}")
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise servers.ServerError("the server was not started")
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Ends it as a power cut does: nothing is flushed, and clients get no close frame."""
        servers.end(self.process, signal.SIGKILL)

    def terminate(self) -> None:
        """Ends it as a deploy does: SIGTERM, then time to finish."""
        servers.end(self.process, signal.SIGTERM)

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


class Site:
    """Servers that share a database and a layer, and the people who use them. `postgresql` holds the database of a
    grown one."""

    postgresql: servers.PostgreSQL | None = None

    def __init__(
        self,
        size: str,
        folder: Path,
        environment: Environment,
        processes: int = 1,
        redis: servers.Redis | servers.BorrowedRedis | None = None,
        program: str = "daphne",
    ) -> None:
        self.size = size
        self.folder = folder
        self.environment = environment
        self._redis = redis
        self._read: dict[Path, int] = {}
        self._people: list[Person] = []
        self._shell = Shell(environment, folder / "shell.log", ROOT)
        self.servers = [Server(environment, folder / f"server-{number}.log", program) for number in range(processes)]

    def start(self) -> None:
        """Starts every server that is not running, and waits until all are ready."""
        for server in self.servers:
            if not server.is_running:
                server.start(wait=False)
        for server in self.servers:
            server.wait_until_ready()

    def stop(self) -> None:
        for person in self._people:
            person.close()
        self._shell.stop()
        for server in self.servers:
            server.terminate()
        if self._redis is not None:
            self._redis.stop()

    @property
    def server(self) -> Server:
        return self.servers[0]

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def ws_url(self) -> str:
        return self.server.ws_url

    @property
    def redis(self) -> servers.Redis:
        """The Redis of this site alone, which a test may kill. `Sites.make` starts it with `own_redis`."""
        assert isinstance(self._redis, servers.Redis), "this site has no Redis of its own"
        return self._redis

    # -- people and commands -------------------------------------------------------------------------------------------

    def person(self, name: str) -> Person:
        person = Person.register(self.url, name)
        self._people.append(person)
        return person

    def people(self, *names: str) -> tuple[Person, ...]:
        return tuple(self.person(name) for name in names)

    def at(self, server: Server, person: Person) -> Person:
        other = person.at(server.url)
        self._people.append(other)
        return other

    def manage(self, *arguments: str) -> str:
        """Runs `manage.py` in a process of its own, on the same database and layer. Returns what it printed."""
        return run_manage(self.environment, *arguments)

    def shell(self, code: str) -> str:
        """Runs Python code in `manage.py shell`: a writer that is not a server. Returns what it printed.

        The process stays open for the next call. A call beside a running one has a process of its own.
        """
        with self._shell.taken() as is_free:
            return self._shell.run(code) if is_free else self.manage("shell", "--verbosity", "0", "--command", code)

    # -- logs ----------------------------------------------------------------------------------------------------------

    def new_logs(self) -> str:
        """Returns what the servers wrote since the last call."""
        text = ""
        for log in (server.log for server in self.servers):
            with log.open("rb") as file:
                file.seek(self._read.get(log, 0))
                text += file.read().decode(errors="replace")
                self._read[log] = file.tell()
        return text

    def check_logs(self, allowed: Iterable[str] = ()) -> None:
        """Fails on a traceback in a server's log, unless it matches one of the regular expressions `allowed`."""
        found = [
            each for each in tracebacks(self.new_logs()) if not any(re.search(pattern, each) for pattern in allowed)
        ]
        assert not found, f"{len(found)} tracebacks in the server's log, the first:\n{found[0]}"


def tracebacks(text: str) -> list[str]:
    """Returns each traceback of a log: its indented lines, and the line of the exception."""
    found = []
    for rest in text.split(TRACEBACK)[1:]:
        lines = rest.splitlines()
        last = next((n for n, line in enumerate(lines[1:], 1) if not line.startswith((" ", "\t"))), len(lines))
        found.append("\n".join([TRACEBACK, *lines[: last + 1]]))
    return found


# -- making sites ------------------------------------------------------------------------------------------------------


class Sites:
    """Makes sites whose databases are copies of one that was migrated once. `settings` is a module of Django's."""

    def __init__(self, folder: Path, program: str = "daphne", settings: str = "backend.settings") -> None:
        self._folder = folder
        self._program = program
        self._settings = settings
        self._count = 0
        self._postgresql: servers.PostgreSQL | None = None
        self._embedded_template: Path | None = None
        self._grown_template: str | None = None

    def make(
        self, size: str, *, processes: int = 2, settings: Mapping[str, str] | None = None, own_redis: bool = False
    ) -> Site:
        """Returns a site that is not started yet. `processes` counts only when grown: memory reaches one process."""
        self._count += 1
        folder = self._folder / f"site-{self._count}"
        folder.mkdir()
        environment = {**child_environment(folder), "DJANGO_SETTINGS_MODULE": self._settings, **(settings or {})}
        if size == "embedded":
            self._copy_embedded(folder)
            return Site(size, folder, environment, program=self._program)
        redis = servers.start_redis() if own_redis else servers.redis_for_tests()
        environment["DATABASE_URL"] = self._clone_grown(f"site_{os.getpid()}_{self._count}")
        environment["REDIS_URL"] = redis.url
        site = Site(size, folder, environment, processes, redis, self._program)
        site.postgresql = self._postgresql
        return site

    def stop(self) -> None:
        if self._postgresql is not None:
            self._postgresql.stop()

    def _copy_embedded(self, folder: Path) -> None:
        if self._embedded_template is None:
            self._embedded_template = self._folder / "template"
            self._embedded_template.mkdir()
            run_manage(child_environment(self._embedded_template), "migrate", "--verbosity", "0")
        shutil.copytree(self._embedded_template, folder, dirs_exist_ok=True)

    def _clone_grown(self, name: str) -> str:
        if self._postgresql is None:
            self._postgresql = servers.start_postgresql()
        if self._grown_template is None:
            self._grown_template = f"template_{os.getpid()}"
            url = self._postgresql.create_database(self._grown_template)
            folder = self._folder / "grown-template"
            folder.mkdir()
            run_manage({**child_environment(folder), "DATABASE_URL": url}, "migrate", "--verbosity", "0")
        return self._postgresql.create_database(name, template=self._grown_template)


def child_environment(folder: Path) -> Environment:
    """Returns the environment of a child process: the settings of the tests, and of ours only what finds programs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "TIDEWIRE_MODE": "development",
        "DATA_DIR": str(folder),
        # Tests send more requests than people do. Tests of the limits set their own.
        **dict.fromkeys(QUOTAS, "0"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",
    }


def run_manage(environment: Environment, *arguments: str, root: Path = ROOT) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"manage.py {arguments[0]} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout
