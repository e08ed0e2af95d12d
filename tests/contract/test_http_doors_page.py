"""Runs the code of docs/http-doors.md against a server."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.contract.documents import blocks
from tests.rig.rest import Person
from tests.rig.site import ROOT, Site

RUN = {block.name: block.code for block in blocks(ROOT / "docs" / "http-doors.md") if block.key == "runs"}
JS = ROOT / "tests" / "conformance" / "js"
CLIENT = ROOT / "clients" / "typescript" / "src" / "index.ts"
TSCONFIG = {
    "compilerOptions": {
        "strict": True,
        "noEmit": True,
        "skipLibCheck": True,
        "types": [],
        "target": "es2022",
        "module": "es2022",
        "moduleResolution": "bundler",
        "lib": ["es2023", "dom"],
        "paths": {"tidewire": [str(CLIENT)]},
    },
    "files": ["feed.ts"],
}
PROGRAM = """
import { copyAll } from './feed.mjs'
const { URL, TOKEN } = process.env
const round = async (bookmark) => {
  const seen = []
  const next = await copyAll(URL, TOKEN, bookmark, async (page) => seen.push(...page.results.map((one) => one.channel)))
  return [seen, next]
}
const [first, bookmark] = await round('')
const [second] = await round(bookmark)
console.log(JSON.stringify({ first, second }))
"""
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def owner(embedded_site: Site) -> Person:
    return embedded_site.person("wilma")


@pytest.fixture
def room(owner: Person) -> str:
    owner.fresh_token()
    room = owner.make_room()
    owner.say(room, "Aye.")
    return room


def environment(site: Site, owner: Person, room: str) -> dict[str, str]:
    return os.environ | {"URL": site.url, "TOKEN": owner.access, "ROOM": room, "ME": owner.id, "NO_PROXY": "127.0.0.1"}


def test_every_block_is_run_here():
    assert set(RUN) == {"pages", "client", "loop", "feed", "feed-typescript", "curl"}


def test_pages(embedded_site: Site, owner: Person, room: str, tmp_path: Path):
    done = subprocess.run(
        ["bash", "-euc", RUN["pages"]],
        cwd=tmp_path,
        env=environment(embedded_site, owner, room),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    decoder = json.JSONDecoder()
    events, end = decoder.raw_decode(done.stdout)
    assert [event["type"] for event in events] == ["member.joined", "message.created"]
    assert json.loads(done.stdout[end:]) == []


def test_the_client_of_npm(embedded_site: Site, owner: Person, room: str, tmp_path: Path):
    """With an offset that is gone, so that `onError` is asked."""
    program = JS / f"page-{os.getpid()}.mjs"
    begin, end = "const { URL, ROOM, TOKEN } = process.env\nconst savedOffset = process.env.OFFSET\n", ""
    begin += "const handle = (event) => console.log(event.data.text ?? event.type)\n"
    begin += "const save = () => process.exit(0)\n"
    imported, _, rest = RUN["client"].partition("\n")
    program.write_text(f"{imported}\n{begin}{rest}{end}")
    node = shutil.which("node")
    assert node is not None
    try:
        done = subprocess.run(
            [node, program],
            env=environment(embedded_site, owner, room) | {"OFFSET": f"{1:010d}_{1:016d}_another"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        program.unlink()
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["member.joined", "Aye."]


def test_the_loop_in_python(embedded_site: Site, owner: Person, room: str):
    names: dict[str, Any] = {}
    exec(RUN["loop"], names)
    headers = {"Authorization": f"Bearer {owner.access}"}
    with httpx.Client(base_url=embedded_site.url, headers=headers, trust_env=False) as client:
        following = names["follow"](client, f"room:{room}", f"{1:010d}_{1:016d}_another")
        events, kept = next(following)
        late = threading.Timer(0.5, owner.say, (room, "Later."))
        late.start()
        (later,), offset = next(following)
        late.join()
        again, _ = next(names["follow"](client, f"room:{room}", kept))
    assert [event["type"] for event in events] == ["member.joined", "message.created"]
    assert kept.split("_")[1] == f"{2:016d}"  # an offset goes with all events before it, so none is passed over
    assert later["data"]["text"] == "Later."
    assert offset.split("_")[1] == f"{3:016d}"
    assert again == [later]


def test_the_feed_in_python(embedded_site: Site):
    """Three rounds store every event of every stream once, also after a stream has begun anew."""
    vera = embedded_site.person("vera")
    rooms = [vera.make_room() for _ in range(3)]
    names: dict[str, Any] = {}
    exec(RUN["feed"], names)
    database = sqlite3.connect(":memory:")
    database.executescript(names["TABLES"])
    read: list[str] = []
    headers = {"Authorization": f"Bearer {vera.access}"}
    with httpx.Client(base_url=embedded_site.url, headers=headers, trust_env=False) as client:
        for text in ("one", "two"):
            for room in rooms:
                vera.say(room, text)
            names["copy_all"](client, database, read.append)
        embedded_site.manage("new_epochs")
        names["copy_all"](client, database, read.append)
    stored = database.execute("SELECT stream, offset FROM event ORDER BY stream, offset").fetchall()
    streams = [f"room:{room}" for room in rooms] + [f"user:{vera.id}"]
    assert stored == [(name, offset) for name in sorted(streams) for offset in (1, 2, 3)]
    assert read == []
    database.close()


def test_the_feed_in_typescript(embedded_site: Site, owner: Person, room: str, tmp_path: Path):
    """Its types hold, and a second call brings what is new."""
    (tmp_path / "feed.ts").write_text(RUN["feed-typescript"])
    (tmp_path / "tsconfig.json").write_text(json.dumps(TSCONFIG))
    tools = ROOT / "clients" / "typescript" / "node_modules" / ".bin"
    subprocess.run([tools / "tsc", "--project", tmp_path], timeout=120, check=True)
    bundle = ["--bundle", "--format=esm", f"--outfile={tmp_path / 'feed.mjs'}", "--log-level=warning"]
    subprocess.run([tools / "esbuild", tmp_path / "feed.ts", *bundle], timeout=60, check=True)
    (tmp_path / "run.mjs").write_text(PROGRAM)
    node = shutil.which("node")
    assert node is not None
    done = subprocess.run(
        [node, tmp_path / "run.mjs"],
        env=environment(embedded_site, owner, room),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["first"].count(f"room:{room}") == 2
    assert found["second"] == []


def test_curl(embedded_site: Site, owner: Person, room: str):
    command = RUN["curl"].replace("curl", "timeout 5 curl", 1)
    process = subprocess.Popen(
        ["bash", "-uc", command],
        env=environment(embedded_site, owner, room),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("id:"):
            break
    owner.say(room, "Now.")
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("data:"):
            break
    process.terminate()
    process.wait(10)
    process.stdout.close()
    assert lines[-2] == "event:message.created"
    assert json.loads(lines[-1].removeprefix("data:"))["data"]["text"] == "Now."
