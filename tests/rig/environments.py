"""Environments in which a project runs on the package as it is installed: its own venv, with packages of the index.

An environment is made once and kept, by what is in it: the Python, the requirements of the package, and those of the
project's tests. The wheel is installed anew in each test process.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.rig import package
from tests.rig.package import ROOT
from tests.rig.verify import IS_VERIFY

KEPT = ROOT / ".venv-installed"
EXTRAS = "postgresql,redis,serve,schema"
TOOLS = ("pytest>=8", "pytest-django", "pytest-asyncio", "pytest-xdist", "factory-boy")
"""What the projects' own tests use."""


@dataclass(frozen=True)
class Pair:
    """A Python and the Django that it runs: a row of docs/supported-versions.md."""

    python: Path
    version: str
    django: str

    def __str__(self) -> str:
        return f"Python {self.version}, Django {self.django}"


def pairs() -> list[Pair]:
    """Returns the pairs to try: Django 5.2 on the Python that runs the tests; and in `make verify` Django 6 on the
    newest Python from 3.12 on that this machine has."""
    found = [Pair(Path(sys.executable), f"{sys.version_info[0]}.{sys.version_info[1]}", ">=5.2.19,<5.3")]
    newer = [(version, python) for version, python in pythons() if version >= (3, 12)] if IS_VERIFY else []
    if newer:
        version, python = max(newer)
        found.append(Pair(python, ".".join(map(str, version)), ">=6.0,<6.2"))
    return found


@cache
def pythons() -> list[tuple[tuple[int, int], Path]]:
    """Returns [(version, program)] of the Pythons in the PATH, and of those that pyenv keeps."""
    places = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    places += sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob("*/bin"))
    found = {}
    for place in places:
        for python in sorted(place.glob("python3.*")):
            if re.fullmatch(r"python3\.\d+", python.name) and (version := _version(python)):
                found.setdefault(version, python)
    return sorted(found.items())


def _version(python: Path) -> tuple[int, int] | None:
    """Returns the version of a Python that can make environments. A shim of pyenv may name one that is not chosen."""
    code = "import ensurepip, venv, sys; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else None  # pyright: ignore[reportReturnType]  two


@cache
def installed(pair: Pair) -> Path:
    """Returns the Python of an environment of this pair, with the package installed from its wheel."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    described = repr((pair, TOOLS, wanted["dependencies"], wanted["optional-dependencies"]))
    folder = KEPT / hashlib.sha256(described.encode()).hexdigest()[:16]
    python = folder / "bin" / "python"
    wheel = package.build()[1]
    with _alone():
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([pair.python, "-m", "venv", folder])
            _run([*_pip(python), f"{wheel}[{EXTRAS}]", f"django{pair.django}", *TOOLS])
            (folder / "made").write_text(described)
        _run([*_pip(python), "--force-reinstall", "--no-deps", wheel])
    return python


@cache
def tools(name: str) -> Path:
    """Returns the Python of an environment with the packages of requirements/<name>.txt."""
    pinned = ROOT / "requirements" / f"{name}.txt"
    folder = KEPT / hashlib.sha256(pinned.read_bytes()).hexdigest()[:16]
    python = folder / "bin" / "python"
    with _alone():
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([Path(sys.executable), "-m", "venv", folder])
            _run([*_pip(python), "--require-hashes", "-r", pinned])
            (folder / "made").write_text(name)
    return python


def _pip(python: Path) -> list[str | Path]:
    return [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


@contextmanager
def _alone() -> Iterator[None]:
    """Lets one process at a time change the environments."""
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(command: list[str | Path]) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "DJANGO", "PIP_USER"))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=clean, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
