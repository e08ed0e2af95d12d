"""Runs every command of the README in the order of the page, and checks that it does what the README says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue

import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.site import ROOT, Site, Sites, run_manage

README = ROOT / "README.md"
SDK = ROOT / "tests" / "sdk" / "js"
RUN = {block.name: block for block in blocks(README) if block.key == "runs"}


@pytest.fixture(scope="module")
def folder() -> Path:
    """Returns a folder like the repository's after `make run`: with `.venv` and `var`."""
    folder = servers.temporary_folder("readme")
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "node_modules").symlink_to(SDK / "node_modules")
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    for name in ("client.mjs", "list.mjs"):
        (folder / name).write_text(RUN[name].code)
    return folder


@pytest.fixture(scope="module")
def site(folder: Path, sites: Sites) -> Iterator[Site]:
    site = sites.make("embedded")
    run_manage(site.environment, "seed_demo")
    (folder / "var").symlink_to(site.folder)
    site.start()
    yield site
    site.stop()
    site.check_logs()


class Reader:
    """A user with a terminal, following the README."""

    def __init__(self, site: Site, folder: Path) -> None:
        self.site, self.folder = site, folder

    def code(self, name: str) -> str:
        return RUN[name].code.replace("localhost:8000", self.site.url.removeprefix("http://"))

    def run(self, *names: str, then: str = "") -> str:
        """Runs these blocks in one shell, and returns the output of the last one."""
        script = "set -eu\n" + "\n".join([*map(self.code, names[:-1]), "echo ~~~", self.code(names[-1]), then])
        done = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.partition("~~~\n")[2]

    def variables(self) -> dict[str, str]:
        out = self.run("sign-in", then='echo "$URL $TOKEN $ROOM"').splitlines()[-1].split()
        return dict(zip(("URL", "TOKEN", "ROOM"), out, strict=True))


class Running:
    """A command that keeps running, and the lines of its output."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.lines: Queue[str] = Queue()
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.put(line)

    def until(self, pattern: str) -> str:
        seen = ""
        while True:
            try:
                seen += self.lines.get(timeout=15)
            except Empty:
                raise AssertionError(f"no {pattern!r} in:\n{seen}") from None
            if re.search(pattern, seen):
                return seen

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def reader(site: Site, folder: Path) -> Reader:
    return Reader(site, folder)


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PYTHONUNBUFFERED": "1", **more}


# -- every block -----------------------------------------------------------------------------------------------------


def test_every_block_is_run_here_or_listed_as_run_by_hand():
    others = [block for block in blocks(README) if block.key != "runs" and block.language in ("sh", "js", "python")]
    by_hand = [block.code.split("\n")[0].split()[:2] for block in others if block.key == "by hand"]
    assert len(by_hand) == len(others)
    assert [" ".join(words) for words in by_hand][:3] == ["make run", "npx wscat@6.1.0", "make test"]
    assert set(RUN) == {
        "sign-in", "post", "frames", "websockets", "recover", "npm", "client.mjs", "client", "list.mjs",
        "production",
    }  # fmt: skip


def test_make_targets_exist():
    targets = re.findall(r"(?m)^(\w+):", (ROOT / "Makefile").read_text())
    for block in blocks(README):
        assert set(re.findall(r"\bmake (\w+)", block.code)) <= set(targets)


def test_the_versions_named_are_the_ones_tested_with():
    pinned = (ROOT / "requirements" / "dev.txt").read_text()
    for name, version in re.findall(r"(\w+)==([\d.]+)", RUN["websockets"].code):
        assert f"{name}=={version} " in pinned
    dependencies = json.loads((SDK / "package.json").read_text())["dependencies"]
    assert dict(re.findall(r"(\w+)@([\d.]+)", RUN["npm"].code)) == dependencies


def test_installing_the_sdk_leaves_the_folder_as_it_is(tmp_path):
    """`npm` here is a script that writes as npm does: into the folder of --prefix, or else where it is called."""
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text('#!/bin/sh\n[ "$2" = --prefix ] && cd "$3"\nmkdir node_modules && touch package.json\n')
    npm.chmod(0o755)
    called = tmp_path / "repository"
    called.mkdir()
    paths = {"PATH": f"{npm.parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-ec", RUN["npm"].code], cwd=called, env=paths, capture_output=True, text=True, check=True
    )
    assert list(called.iterdir()) == []
    assert sorted(path.name for path in Path(done.stdout.strip()).iterdir()) == ["node_modules", "package.json"]


# -- in order --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_signing_in_and_posting(reader: Reader):
    message = json.loads(reader.run("sign-in", "post"))
    assert (message["text"], message["version"], message["author"]["name"]) == ("Hello, world", 1, "Alice")


@pytest.mark.slow
def test_the_event_arrives_by_hand(reader: Reader):
    frames = reader.run("sign-in", "frames")
    install, connect = reader.code("websockets").strip().splitlines()
    assert install.startswith(".venv/bin/pip install")  # here already, in the version that is named
    with Running(shlex.split(connect), reader.folder, environment()) as terminal:
        terminal.process.stdin.write(frames)
        terminal.process.stdin.flush()
        terminal.until('"subscribe":')
        reader.run("sign-in", "post")
        event = terminal.until("message.created")
    assert "Hello, world" in event


@pytest.mark.slow
def test_what_was_missed_is_in_the_reply(reader: Reader):
    frames = reader.run("sign-in", "recover")
    connect = reader.code("websockets").strip().splitlines()[1]
    with Running(shlex.split(connect), reader.folder, environment()) as terminal:
        terminal.process.stdin.write(frames)
        terminal.process.stdin.flush()
        assert '"offset":1,' in terminal.until('"recovered":true')


@pytest.mark.slow
def test_the_sdk_gets_the_event(reader: Reader):
    assert (reader.folder / "node_modules").exists(), "run: npm ci --prefix tests/sdk/js --ignore-scripts"
    command = reader.code("client")
    variables = environment(**reader.variables(), CLIENT=str(reader.folder))
    with Running(["bash", "-c", f"exec env {command}"], reader.folder, variables) as terminal:
        terminal.until("subscribed")
        reader.run("sign-in", "post")
        assert "Hello, world" in terminal.until(r"(?s)\d+ message\.created.*version")


@pytest.mark.slow
def test_the_list_stays_true(reader: Reader):
    reader.run("sign-in", "post")
    with Running(["node", "list.mjs"], reader.folder, environment(**reader.variables())) as terminal:
        before = terminal.until(r"(?s)\[.*\]").count("Hello, world")
        reader.run("sign-in", "post")
        after = terminal.until(r"(?s)\[.*\]").count("Hello, world")
    assert (before > 0, after) == (True, before + 1)


@pytest.mark.slow
def test_production_settings_pass_the_checks(reader: Reader):
    """Runs Django's checks for a deployment and ours. Warnings fail, too."""
    # Silenced are two pieces of advice on HSTS, which are the operator's choice (docs/configuration.md).
    assert "no issues (2 silenced)" in reader.run("production")
