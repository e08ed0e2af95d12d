"""A public generator makes a client of openapi.yaml. It compiles, and it does the work of a third party.

The generator has a virtual environment of its own (`make .venv-generator/.stamp`), so its requirements are not ours.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.rig import servers
from tests.rig.site import ROOT, Site

PYTHON = ROOT / ".venv-generator" / "bin" / "python"


@pytest.fixture(scope="module")
def folder() -> Path:
    return servers.temporary_folder("generated")


def run(folder: Path, *command: object) -> str:
    done = subprocess.run(
        [PYTHON, *map(str, command)], cwd=folder, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_generated_client_compiles_and_does_the_work(folder: Path, embedded_site: Site) -> None:
    assert PYTHON.exists(), "run: make .venv-generator/.stamp"
    generate = ("-m", "openapi_python_client", "generate", "--path", ROOT / "openapi.yaml", "--meta", "none")
    output = run(folder, *generate, "--output-path", folder / "generated")
    assert "unable to" not in output.lower(), output
    run(folder, "-W", "error", "-m", "compileall", "-q", "generated")
    operations = {path.stem for path in (folder / "generated" / "api").rglob("*.py")} - {"__init__"}
    assert {"rooms_create", "samples_create", "streams_events"} <= operations
    alice = embedded_site.person("alice")
    scopes = ["rooms:read", "rooms:write", "messages:read", "messages:write"]
    key = alice.post("keys/", {"name": "Generated", "scopes": scopes})["key"]
    shutil.copy(Path(__file__).parent / "crud.py", folder)
    assert run(folder, "crud.py", embedded_site.url, key) == "whole\n"
