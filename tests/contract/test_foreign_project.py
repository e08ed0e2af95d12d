"""Runs the engine in another project: tests/foreign_project, which docs/your-own-project.md shows in full."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from centrifuge import Client, PublicationContext, SubscriptionEventHandler, UnsubscribedContext

from tests.contract.documents import blocks
from tests.rig import package, servers
from tests.rig.site import ROOT, wait_until_ready

PROJECT = ROOT / "tests" / "foreign_project"
PAGE = ROOT / "docs" / "your-own-project.md"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Returns an environment with the project and the engine from its wheel, without this repository's settings."""
    folder = servers.temporary_folder("depot")
    package.unpack_wheel(folder)
    paths = f"{PROJECT}{os.pathsep}{folder}"
    return {"PATH": os.environ["PATH"], "PYTHONPATH": paths, "DEPOT_DATA": str(folder), "PYTHONUNBUFFERED": "1"}


def manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=PROJECT, env=environment, input=stdin, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_page_is_the_project():
    shown = {block.name: block.code for block in blocks(PAGE) if block.key == "file"}
    written = {
        str(path.relative_to(PROJECT)): path.read_text()
        for path in PROJECT.rglob("*.py")
        if "migrations" not in path.parts and path.name not in ("__init__.py", "manage.py")
    }
    assert shown == written


@pytest.mark.slow
def test_its_own_suite_passes(environment):
    manage(environment, "makemigrations", "--check", "--dry-run")
    assert "OK" in manage(environment, "test", "parcels")


@pytest.fixture
def url(environment) -> Iterator[str]:
    manage(environment, "migrate", "--verbosity", "0")
    port, log = servers.free_port(), Path(environment["DEPOT_DATA"], "server.log")
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "depot.asgi:application"]
    process = servers.spawn(command, log=log, cwd=PROJECT, env=environment)
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
async def test_couriers_see_their_own_parcels_only(environment, url):
    code = (
        "from parcels.models import Courier; from parcels.tokens import token_of\n"
        "vera, ida = Courier.objects.create_user('vera'), Courier.objects.create_user('ida')\n"
        "print('~', vera.pk, ida.pk, token_of(vera))\n"
    )
    out = await asyncio.to_thread(manage, environment, "shell", stdin=code)
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
