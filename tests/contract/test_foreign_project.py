"""Runs the engine in another project: tests/foreign_project, which docs/your-own-project.md shows in full.

The project runs in environments of its own, on the wheel and on packages of the index: on Django 5.2, and on Django 6
where there is a Python for it; on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from centrifuge import Client, PublicationContext, SubscriptionEventHandler, UnsubscribedContext

from tests.contract.documents import blocks
from tests.rig import environments, servers
from tests.rig.environments import Pair
from tests.rig.site import ROOT, wait_until_ready
from tests.rig.verify import figure

PROJECT = ROOT / "tests" / "foreign_project"
PAGES = [ROOT / "docs" / name for name in ("your-own-project.md", "testing-live-models.md")]


@dataclass(frozen=True)
class Installed:
    """The project in a folder of its own, the Python that runs it, and the environment that chooses its database."""

    python: Path
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of this repository: no PYTHONPATH, no settings."""
        clean = {"PATH": f"{self.python.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"}
        return clean | {"DEPOT_DATA": str(self.folder)} | self.variables

    def run(self, *command: str | Path, stdin: str = "") -> str:
        """Runs a command in the project, and returns what it has printed. Fails with that when the command fails."""
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def manage(self, *arguments: str, stdin: str = "") -> str:
        return self.run(self.python, "manage.py", *arguments, stdin=stdin)


@pytest.fixture(scope="module", params=environments.pairs(), ids=str)
def pair(request: pytest.FixtureRequest) -> Pair:
    return request.param


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, pair: Pair, postgresql: servers.PostgreSQL) -> Installed:
    """Copies the project out of the repository, so that it finds no package here."""
    python = environments.installed(pair)
    folder = servers.temporary_folder("depot") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    if request.param == "sqlite":
        return Installed(python, folder)
    url = urlsplit(postgresql.create_database(f"depot_{pair.version.replace('.', '_')}"))
    variables = {"PGHOST": url.hostname, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    variables |= {"PGDATABASE": url.path.strip("/")}
    return Installed(python, folder, {name: str(value) for name, value in variables.items() if value is not None})


@pytest.fixture(scope="module")
def postgresql() -> Iterator[servers.PostgreSQL]:
    server = servers.start_postgresql()
    yield server
    server.stop()


def test_the_pages_are_the_project():
    shown = {block.name: block.code for page in PAGES for block in blocks(page) if block.key == "file"}
    written = {
        str(path.relative_to(PROJECT)): path.read_text()
        for path in PROJECT.rglob("*.py")
        if "migrations" not in path.parts and path.name not in ("__init__.py", "manage.py")
    }
    assert shown == written


@pytest.mark.slow
def test_it_runs_on_the_wheel(project, pair):
    code = "import django, sys, tidewire; print(tidewire.__file__, django.__version__, *sys.version_info[:2])"
    place, django, *python = project.run(project.python, "-c", code).split()
    assert place.startswith(str(environments.KEPT))
    figure(f"the foreign project on {pair}: Django {django} on Python {'.'.join(python)}")


@pytest.mark.slow
def test_its_own_suite_passes(project):
    project.manage("makemigrations", "--check", "--dry-run")
    assert "OK" in project.manage("test", "parcels")


@pytest.mark.slow
def test_its_tests_with_pytest_pass(project):
    (command,) = [block.code for block in blocks(PAGES[1]) if (block.key, block.name) == ("runs", "pytest")]
    assert "3 passed" in project.run("bash", "-c", command)


@pytest.fixture
def url(project) -> Iterator[str]:
    project.manage("migrate", "--verbosity", "0")
    port, log = servers.free_port(), project.folder / "server.log"
    command = [project.python, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "depot.asgi:application"]
    process = servers.spawn(command, log=log, cwd=project.folder, env=project.environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        servers.end(process, signal.SIGTERM)
    assert "Traceback" not in log.read_text()


class Received(SubscriptionEventHandler):
    def __init__(self) -> None:
        self.events: asyncio.Queue = asyncio.Queue()
        self.refused: asyncio.Future = asyncio.get_running_loop().create_future()

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.events.put_nowait((ctx.pub.offset, ctx.pub.data["type"], ctx.pub.data["data"]))

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        if not self.refused.done():
            self.refused.set_result(ctx.code)


@pytest.mark.slow
async def test_couriers_see_their_own_parcels_only(project, url):
    code = (
        "from parcels.models import Courier; from parcels.tokens import token_of\n"
        "vera, ida = Courier.objects.create_user('vera'), Courier.objects.create_user('ida')\n"
        "print('~', vera.pk, ida.pk, token_of(vera))\n"
    )
    out = await asyncio.to_thread(project.manage, "shell", stdin=code)
    vera, ida, token = out.partition("~ ")[2].split()[:3]
    client = Client(url.replace("http", "ws") + "/connection/websocket", token=token)
    mine, others = Received(), Received()
    await client.connect()
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}, trust_env=False) as http:
        await client.new_subscription(f"courier:{vera}", events=mine).subscribe()
        await client.new_subscription(f"courier:{ida}", events=others).subscribe()
        assert await asyncio.wait_for(others.refused, 10) == 103
        made = (await http.post("/parcels/", json={"label": "Books"})).json()
        assert await asyncio.wait_for(mine.events.get(), 10) == (1, "parcel.taken", made)
        move = {"latitude": 1.0, "longitude": 2.0}
        assert (await http.post(f"/parcels/{made['id']}/move/", json=move)).status_code == 204
        offset, type, data = await asyncio.wait_for(mine.events.get(), 10)
        assert (offset, type, data["latitude"], data["version"]) == (2, "parcel.moved", 1.0, 2)
    await client.disconnect()
