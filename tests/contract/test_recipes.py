"""Runs the short recipes of pages that have no test of their own, with the input that would break them."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from typing import Any

import httpx
import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import ROOT, Site, Sites, wait_until_ready
from tidewire import StreamKind

PAGES = ("events-and-versions", "operations", "protocol", "streams-and-permissions", "third-parties")
RUN = {
    (page, block.name): block.code
    for page in PAGES
    for block in blocks(ROOT / "docs" / f"{page}.md")
    if block.key == "runs"
}


@pytest.fixture(scope="module")
def owner(embedded_site: Site) -> Person:
    return embedded_site.person("vera")


def bash(script: str, *arguments: str) -> str:
    done = subprocess.run(["bash", "-euc", script, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_recipe_is_run_here():
    assert set(RUN) == {
        ("events-and-versions", "put"),
        ("operations", "housekeeping"),
        ("operations", "serve"),
        ("protocol", "list"),
        ("streams-and-permissions", "kind"),
        ("streams-and-permissions", "ends_access"),
        ("third-parties", "key"),
    }


@pytest.mark.slow
def test_applying_an_event_twice_or_late_is_harmless():
    node = shutil.which("node")
    assert node, "needs Node 20 or newer"
    code = f"""const rows = new Map()
{RUN["events-and-versions", "put"]}
for (const [version, text] of [[1, 'a'], [2, 'b'], [2, 'b'], [1, 'a']]) put({{ id: 'x', version, text }})
console.log(JSON.stringify([...rows]))"""
    done = subprocess.run([node, "-e", code], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stdout) == [["x", {"id": "x", "version": 2, "text": "b"}]]


def test_the_declarations_of_a_stream():
    """A key that is no id is left out, and never an error."""
    names: dict[str, Any] = {"StreamKind": StreamKind}
    names["readable_room_ids"] = lambda user_id, keys: {key for key in keys if key == "1"}
    names["room_readers"] = lambda key, user_ids: set(user_ids)
    exec(RUN["streams-and-permissions", "kind"], names)
    assert names["rooms"].may_subscribe("x", {"1", "not an id"}) == {"1"}

    exec(RUN["streams-and-permissions", "ends_access"], names)
    member = type("Member", (), {"user_id": 7})
    assert [names["ends_access"](type, member) for type in ("member.left", "member.joined")] == ["7", None]


@pytest.mark.slow
def test_a_key_for_a_third_party(embedded_site, owner):
    room = owner.make_room("A room's name with ' and \"")
    script = f"URL={embedded_site.url} TOKEN={owner.fresh_token()} ROOM={room}\n" + RUN["third-parties", "key"]
    key = json.loads(bash(script))
    headers = {"Authorization": f"Bearer {key['key']}"}
    path = f"{embedded_site.url}/api/v1/rooms/{room}/messages/"
    assert httpx.post(path, json={"text": "By a robot"}, headers=headers, trust_env=False).status_code == 201
    assert httpx.get(f"{embedded_site.url}/api/v1/me/", headers=headers, trust_env=False).status_code == 403


@pytest.mark.slow
def test_the_list_before_a_subscription(embedded_site, owner):
    """The commands of the page, with a person's own password in place of its dots."""
    room = owner.make_room()
    owner.say(room, "Aye.")
    *commands, connect = RUN["protocol", "list"].strip().splitlines()
    script = "\n".join([f"ROOM={room}", *commands])
    for shown, real in (
        ("localhost:8000", embedded_site.url.removeprefix("http://")),
        ("alice@example.com", owner.email),
        ("…", owner.password),
    ):
        assert shown in script
        script = script.replace(shown, real)
    page = json.loads(bash(script))
    assert page["results"][0]["text"] == "Aye."
    assert page["stream"]["channel"] == f"room:{room}"
    assert connect.split() == ["websockets", "ws://localhost:8000/connection/websocket"]  # test_readme.py runs it


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 4])
def test_the_server_of_the_operations_page(sites_folder, workers):
    """With one worker it serves. With more and without their stores, it refuses to start and names them."""
    environment, folder = sites_folder
    port = servers.free_port()
    migrate, serve = RUN["operations", "serve"].strip().splitlines()
    assert "--workers 4" in serve
    command = serve.replace("--port 8000", f"--port {port}").replace("--workers 4", f"--workers {workers}").split()
    subprocess.run([sys.executable, *migrate.split()[1:], "-v", "0"], cwd=ROOT, env=environment, check=True)
    process = servers.spawn([sys.executable, *command[1:]], log=folder / "log", cwd=ROOT, env=environment)
    try:
        if workers == 1:
            wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        else:
            assert process.wait(30) != 0
            assert "REDIS_URL" in (folder / "log").read_text()
    finally:
        servers.end(process, signal.SIGTERM)


@pytest.mark.slow
def test_the_housekeeping_of_the_operations_page(sites_folder):
    environment, _ = sites_folder
    command = RUN["operations", "housekeeping"].split()
    done = subprocess.run(
        [sys.executable, *command[1:]], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    assert "sessions: 0 rows deleted" in done.stdout.splitlines()


@pytest.fixture
def sites_folder(sites: Sites) -> tuple[dict[str, str], Any]:
    site = sites.make("embedded")
    return dict(site.environment), site.folder
