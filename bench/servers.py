"""`python -m bench.servers`: the same application on each ASGI server, and on each Python that this machine has.

    python -m bench.servers                          # Python 3.11, 3.12 and 3.13, as far as they are here
    python -m bench.servers --pythons 3.11 --runs 2

Each Python gets a throw-away environment with requirements/production.txt and the newest release of the other servers.
What cannot be installed is said below the tables. All servers of one Python stand side by side on one core, with the
databases and the client on the other, and take turns. Shown is the CPU time of the server's processes per request of
one client that waits for each answer; the last table is a socket that connects, subscribes and closes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

from bench import members, tools
from bench.members import Hall, Visit
from bench.reads import Reader
from bench.systems import CLIENT_CORE, DAPHNE, SERVE, UVICORN, Running, Stores, System
from tests.rig import environments, servers
from tests.rig.site import ROOT

PYTHONS = ("3.11", "3.12", "3.13")
PACKAGES = ("websockets", "uvloop", "gunicorn", "uvicorn-worker", "granian", "hypercorn")
SERVERS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "serve": ((), SERVE),
    "daphne": ((), DAPHNE),
    "uvicorn": (("websockets",), [*UVICORN[:2], "--loop", "asyncio", *UVICORN[2:]]),
    "uvicorn with uvloop": (("websockets", "uvloop"), [*UVICORN[:2], "--loop", "uvloop", *UVICORN[2:]]),
    "gunicorn with a worker of uvicorn": (
        ("gunicorn", "uvicorn-worker", "websockets", "uvloop"),
        ["-m", "gunicorn", "-k", "uvicorn_worker.UvicornWorker", "-w", "1", "-b", "127.0.0.1:{port}", "{application}"],
    ),
    "granian": (
        ("granian",),
        ["-m", "granian", "--interface", "asgi", "--port", "{port}", "{application}"],
    ),
    "hypercorn": (("hypercorn",), ["-m", "hypercorn", "--workers", "0", "--bind", "127.0.0.1:{port}", "{application}"]),
}
"""{name: (packages beside those of production, command)}"""

MEMBERS, MESSAGES, REQUESTS, WARM_UP = 100, 120, 200, 30

Figures = dict[tuple[str, str, str], list[float]]
"""{(what, server, Python): µs of CPU, one for each turn}"""


class Environment:
    """A throw-away environment of one Python. `missing` are the packages that could not be installed."""

    def __init__(self, version: str, python: Path) -> None:
        self.version = version
        folder = servers.temporary_folder(f"python-{version}")
        subprocess.run([python, "-m", "venv", folder], check=True)
        self.python = folder / "bin" / "python"
        self._install("--require-hashes", "-r", str(ROOT / "requirements" / "production.txt"), check=True)
        self.missing = {package for package in PACKAGES if not self._install(package)}

    def _install(self, *what: str, check: bool = False) -> bool:
        command = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what]
        return subprocess.run(command, check=check, capture_output=not check).returncode == 0


def measure(stores: Stores, environment: Environment, runs: int, figures: Figures) -> Iterator[str]:
    """Adds the figures of all servers of one Python. Yields what could not be measured."""
    started: dict[str, Running] = {}
    try:
        for name, (packages, command) in SERVERS.items():
            if lacking := environment.missing & set(packages):
                yield f"{name} on Python {environment.version}: {', '.join(sorted(lacking))} could not be installed"
                continue
            try:
                beside = next(iter(started.values()), None)
                started[name] = _start(stores, name, command, environment, beside)
            except servers.ServerError as error:
                yield f"{name} on Python {environment.version}: {str(error).strip().splitlines()[-1]}"
        for turn in range(runs + 1):  # the first warms up
            for name, running in started.items():
                for what, work in _works(running).items():
                    microseconds = _cpu(running, work, WARM_UP if turn == 0 else REQUESTS)
                    if turn:
                        figures.setdefault((what, name, environment.version), []).append(microseconds)
    finally:
        for running in started.values():
            running.stop()


def _start(stores: Stores, name: str, command: list[str], environment: Environment, beside: Running | None) -> Running:
    sys.stderr.write(f"starting {name}\n")
    system = System(f"{name}, {environment.version}", command, python=str(environment.python))
    return system.start(stores, setup=members.SETUP % (MEMBERS, MESSAGES), beside=beside)


def _works(running: Running) -> dict[str, Callable[[int], None]]:
    """Returns what is measured: {its name: does it so many times}."""
    hall = Hall.read(running.printed)
    reader = Reader(running.port, f"Bearer {hall.tokens[0]}")
    fields = "id,room,author,text,reply_to,mentions,reactions,edited_at,version,created_at"
    page = f"/api/v1/rooms/{hall.room}/messages/?limit=50"

    def read(path: str, times: int) -> None:
        for _ in range(times):
            status, body = reader.get(path)
            assert status == 200, body[:200]

    def connect(times: int) -> None:
        visits = members.visit(running.port, hall, times, Visit(stays=False), 1)
        assert not visits.errors, visits.errors[:3]

    return {
        "me/": partial(read, "/api/v1/me/"),
        "list of 50, shared": partial(read, page),
        "list of 50": partial(read, f"{page}&fields={fields}"),
        "connect, subscribe, close": connect,
    }


def _cpu(running: Running, work: Callable[[int], None], times: int) -> float:
    """Returns the CPU time of one request, in µs, of the server and its worker processes."""
    pids = list(_descendants(running.process.pid))
    before = tools.cpu_seconds(pids)
    work(times)
    time.sleep(0.1)
    return (tools.cpu_seconds(pids) - before) / times * 1e6


def _descendants(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _descendants(int(child))


def tables(figures: Figures, missing: list[str]) -> str:
    """Returns a table for each thing that was measured: a row for each server, a column for each Python, in µs."""
    versions = list(dict.fromkeys(version for _, _, version in figures))
    lines = [f"load {os.getloadavg()[0]:.1f} at the end", ""]
    for what in dict.fromkeys(what for what, _, _ in figures):
        lines += [f"| {what}, µs of CPU | {' | '.join(f'Python {version}' for version in versions)} |"]
        lines += [f"|---|{'--:|' * len(versions)}"]
        for server in SERVERS:
            cells = [figures.get((what, server, version)) for version in versions]
            lines.append(f"| {server} | {' | '.join(f'{median(c):,.0f}' if c else '' for c in cells)} |")
        lines.append("")
    return "\n".join([*lines, *missing, ""])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.servers", description=__doc__)
    parser.add_argument("--pythons", nargs="+", default=PYTHONS, help="versions, such as 3.11")
    parser.add_argument("--runs", type=int, default=3, help="turns of each server; the median is shown")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    known = {".".join(map(str, version)): python for version, python in environments.pythons()}
    missing = [f"Python {version}: not on this machine" for version in arguments.pythons if version not in known]
    figures: Figures = {}
    stores = Stores()
    try:
        for version in (version for version in arguments.pythons if version in known):
            sys.stderr.write(f"Python {version}: making its environment\n")
            environment = Environment(version, known[version])
            sys.stderr.write(f"Python {version}: measuring, load {os.getloadavg()[0]:.1f}\n")
            missing += measure(stores, environment, arguments.runs, figures)
    except KeyboardInterrupt:
        missing.append("interrupted: what is missing was not measured")
    finally:
        stores.stop()
    sys.stdout.write(tables(figures, missing))
    return 0


if __name__ == "__main__":
    sys.exit(main())
