"""SIGHUP: workers are replaced by successors that are ready. Those that are not leave everything as it was."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.raw import RawSocket
from tests.rig.site import Site, run_manage
from tests.tidewire.serve.served import Served, children, wait_until
from tests.tidewire.serve.test_metrics import samples

WORKERS = 2
SHUTDOWN = 3001
GOOD_URLS = "urlpatterns = []\n"
NEW_MIGRATION = """
from django.db import migrations

class Migration(migrations.Migration):
    operations = []
"""


class Release:
    """The code of an installed app, which a test changes as a deploy would."""

    def __init__(self, folder: Path) -> None:
        self._package = folder / "fragile"
        (self._package / "migrations").mkdir(parents=True)
        (self._package / "__init__.py").touch()
        (self._package / "migrations" / "__init__.py").touch()
        self.write("urls.py", GOOD_URLS)

    def write(self, name: str, text: str) -> None:
        (self._package / name).write_text(text)

    def remove(self, name: str) -> None:
        (self._package / name).unlink()


class Systemd:
    """Receives what a service tells systemd."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(90)

    def next(self) -> dict[str, str]:
        """Returns the next state, as {name: value}."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("release")


@pytest.fixture(scope="module")
def release(folder: Path) -> Release:
    return Release(folder)


@pytest.fixture(scope="module")
def systemd(folder: Path) -> Iterator[Systemd]:
    systemd = Systemd(folder / "notify")
    yield systemd
    systemd.close()


@pytest.fixture(scope="module")
def site(make_site, folder: Path, release: Release, systemd: Systemd) -> Site:
    site = make_site(
        "grown",
        ("--workers", str(WORKERS)),
        DRAIN_SECONDS="1.0",
        MAX_CONNECTIONS_PER_USER="0",
        TIDEWIRE_EXTRA_APPS="fragile",
        PYTHONPATH=str(folder),
        PYTHONDONTWRITEBYTECODE="1",
        NOTIFY_SOCKET=str(folder / "notify"),
    )
    assert systemd.next()["READY"] == "1"
    return site


def workers(site: Site) -> set[int]:
    return set(children(site.server.process))


def reload(site: Site, systemd: Systemd) -> str:
    """Reloads; returns the status that systemd shows after it. Every request meanwhile is answered."""
    site.server.process.send_signal(signal.SIGHUP)
    begun = systemd.next()
    assert begun["RELOADING"] == "1"
    assert int(begun["MONOTONIC_USEC"]) > 0
    ended: list[dict[str, str]] = []
    waiting = threading.Thread(target=lambda: ended.append(systemd.next()))
    waiting.start()
    while waiting.is_alive():
        assert site.server.get("/healthz").status_code == 200
        assert site.server.get("/readyz").status_code == 200
    assert ended[0]["READY"] == "1"
    return ended[0]["STATUS"]


def reloads(site: Site, outcome: str) -> float:
    return samples(site.server)["tidewire_reloads_total", outcome]


BROKEN = {
    "urls that cannot be imported": ("urls.py", "import nothing_of_this_name\n"),
    "an app that cannot be imported": ("apps.py", "raise RuntimeError('broken')\n"),
    "a check that fails": (
        "apps.py",
        "from django.core import checks\n"
        "@checks.register\ndef refuse(**options): return [checks.Error('broken', id='fragile.E001')]\n",
    ),
    "a crash at the first request": (
        "apps.py",
        "import os\n"
        "from django.core.signals import request_started\n"
        "def crash(**options): os._exit(7)\n"
        "request_started.connect(crash)\n",
    ),
    "a migration that was not run": ("migrations/0001_initial.py", NEW_MIGRATION),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_release_that_does_not_start_replaces_no_worker(
    site: Site, systemd: Systemd, release: Release, what: str
) -> None:
    name, text = BROKEN[what]
    before, refused = workers(site), reloads(site, "refused")
    release.write(name, text)
    try:
        status = reload(site, systemd)
    finally:
        release.write(name, GOOD_URLS) if name == "urls.py" else release.remove(name)

    assert "reload refused" in status
    assert workers(site) == before
    assert "reload refused" in site.server.log.read_text().splitlines()[-1]
    assert wait_until(lambda: reloads(site, "refused") == refused + 1, 5)
    assert samples(site.server)["tidewire_workers",] == WORKERS
    forget_tracebacks(site)


def forget_tracebacks(site: Site) -> None:
    """Reads the log up to here: the traceback of a broken release is expected."""
    site.new_logs()


def test_a_worker_that_dies_beside_broken_code_leaves_the_others_alone(site: Site, release: Release) -> None:
    """Its successor would accept connections and answer each with 500."""
    dead, kept = sorted(workers(site))
    release.write("urls.py", "import nothing_of_this_name\n")
    ended = site.server.log.read_text().count("is restarted in")
    try:
        os.kill(dead, signal.SIGKILL)
        # The kill, and then the first successor: one line each.
        assert wait_until(
            lambda: (
                site.server.get("/readyz").status_code == 200
                and site.server.log.read_text().count("is restarted in") == ended + 2
            )
        )
        assert kept in workers(site)
    finally:
        release.write("urls.py", GOOD_URLS)
    assert wait_until(lambda: samples(site.server)["tidewire_workers",] == WORKERS)
    assert samples(site.server)["tidewire_worker_deaths_total",] >= 2
    forget_tracebacks(site)


def test_each_client_is_asked_to_reconnect_once(site: Site, systemd: Systemd) -> None:
    token = site.person("alice").fresh_token()
    clients = [Returning(site.ws_url, token) for _ in range(16)]
    before, done = workers(site), reloads(site, "done")

    assert reload(site, systemd) == f"{WORKERS} workers serve"

    assert wait_until(lambda: all(client.closes for client in clients))
    assert not workers(site) & before or wait_until(lambda: not workers(site) & before)
    assert [client.closes for client in clients] == [[SHUTDOWN]] * 16
    assert all(client.leave() for client in clients)
    assert reloads(site, "done") == done + 1


class Returning:
    """A client that comes back at once whenever it is closed, in a thread of its own. `closes` are the codes."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._socket = self._connect()
        self.closes: list[int] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _connect(self) -> RawSocket:
        client = RawSocket(self._url)
        client.connect(self._token)
        return client

    def _run(self) -> None:
        while (code := self._socket.close_code(timeout=120)) != 1000:
            self._socket = self._connect()
            self.closes.append(code)

    def leave(self) -> bool:
        """Closes the socket. Returns whether it was open."""
        is_open = self._thread.is_alive()
        self._socket.close()
        self._thread.join()
        return is_open


def test_one_process_cannot_replace_itself_and_serves_on(make_site) -> None:
    site = make_site()

    site.server.process.send_signal(signal.SIGHUP)

    assert wait_until(lambda: "reload refused" in site.server.log.read_text())
    assert site.server.is_ready()


def test_readiness_is_announced_when_the_migrations_are_there(site: Site, folder: Path) -> None:
    """The first workers serve before: /readyz says what is missing."""
    listening = Systemd(folder / "notify-2")
    environment = site.environment | {"NOTIFY_SOCKET": str(folder / "notify-2"), "DATA_DIR": str(folder)}
    environment = {name: value for name, value in environment.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    served = Served(environment, folder / "log")
    served.start(wait=False)
    try:
        assert wait_until(lambda: "not ready" in served.log.read_text())
        answer = served.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["migrations"]) == (503, "missing")
        run_manage(environment, "migrate", "--verbosity", "0")
        assert listening.next()["READY"] == "1"
    finally:
        served.terminate()
        listening.close()
