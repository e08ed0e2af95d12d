"""Runs docs/first-live-model.md, command by command, in a copy of the repository. This also tests `startresource`."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.site import ROOT, child_environment, wait_until_ready

PAGE = ROOT / "docs" / "first-live-model.md"
RUN = {block.name: block.code for block in blocks(PAGE) if block.key == "runs"}
NAMES = ("write", "declaration", "switch-on", "migrate", "sign-in", "make", "events", "documents", "types")
COPIED = ("api", "backend", "realtime", "tidewire", "manage.py", "openapi.yaml", "clients/typescript/scripts")
COPIED += ("clients/typescript/package.json", "clients/typescript/src")


@pytest.fixture(scope="module")
def folder() -> Path:
    """Returns a copy of the repository, as it is after `make run`."""
    folder = servers.temporary_folder("tutorial")
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, target)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    (folder / "var" / "static").mkdir(parents=True)
    return folder


def environment(folder: Path) -> dict[str, str]:
    return child_environment(folder / "var") | {"PYTHONPATH": str(folder)}


# A fresh clone has no packages. Here `npm ci` brings those that were installed for the tests, without asking npm again.
NPM = f"""npm() {{
  if [ "$1" = ci ]; then ln -s {ROOT}/clients/typescript/node_modules node_modules; else command npm "$@"; fi
}}"""


def run(folder: Path, *names: str, url: str = "", first: str = "") -> str:
    """Runs these blocks in one shell, after the code in `first`, and returns the output of the last one."""
    code = [first, *(RUN[name].replace("http://localhost:8000", url) for name in names)]
    script = "set -eu\n" + "\n".join([*code[:-1], "echo ~~~", code[-1]])
    command = ["bash", "-c", script]
    done = subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.partition("~~~\n")[2]


@pytest.fixture(scope="module")
def written(folder: Path) -> Path:
    assert '"polls"' in run(folder, "write")
    assert '    "polls",' in run(folder, "switch-on").splitlines()
    run(folder, "migrate")
    return folder


@pytest.fixture
def url(written: Path) -> Iterator[str]:
    """Starts a server as `make run` does, and returns its address."""
    seed = [sys.executable, "manage.py", "seed_demo"]
    subprocess.run(seed, cwd=written, env=environment(written), check=True, capture_output=True)
    port = servers.free_port()
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "backend.asgi:application"]
    process = servers.spawn(command, log=written / "server.log", cwd=written, env=environment(written))
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}"
    finally:
        servers.end(process, signal.SIGTERM)


def test_every_block_is_run():
    assert tuple(RUN) == NAMES
    assert all(block.key == "runs" for block in blocks(PAGE))


@pytest.mark.slow
def test_the_declaration_is_the_one_that_is_written(written):
    assert RUN["declaration"] in (written / "polls" / "live.py").read_text()


@pytest.mark.slow
def test_a_creation_and_an_update_are_events(url, written):
    page = json.loads(run(written, "sign-in", "make", "events", url=url))
    events = page["results"]
    assert [entry["event"]["type"] for entry in events] == ["poll.created", "poll.updated"], page


@pytest.mark.slow
def test_it_is_in_the_documents(written):
    found = run(written, "documents")
    assert all(name in found for name in ("openapi.yaml:", "asyncapi.yaml:"))
    types = run(written, "types", first=NPM)
    assert "export const poll = (id: string)" in types
    assert "export const polls = (owner: string): ListDescriptor" in types


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["Poll"], ["poll-x"], ["poll", "--plural", "poll"], ["poll"]])
def test_bad_and_taken_names_are_refused(written, arguments):
    command = [sys.executable, "manage.py", "startresource", *arguments]
    done = subprocess.run(command, cwd=written, env=environment(written), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: ")
