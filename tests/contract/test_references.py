"""What tests and benchmarks name in strings exists: they hold programs for `manage.py shell`, SQL and commands.

A linter does not read these, and a program that fails to import may look like a server that did not answer.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest
from django.apps import apps

from tests.verify.steps import STEPS

ROOT = Path(__file__).resolve().parents[2]
FILES = [path for tree in ("tests", "bench") for path in sorted((ROOT / tree).rglob("*.py"))]
FILES = [path for path in FILES if "node_modules" not in path.parts and path != Path(__file__)]

IMPORT = re.compile(r"\bfrom ((?:tidewire|api|realtime|backend|bench|tests)(?:\.\w+)*) import (\([^)]*\)|[\w, *]+)")
OTHER_PROJECTS = ("bench.textbook.chat", "bench.textbook.urls", "tests.foreign_project")
"""Their modules need settings of their own."""
TABLE = re.compile(r"\b((?:tidewire|api)_[a-z_]+)\b(?=\W)")


def imports_of(path: Path) -> set[tuple[str, str]]:
    """{(module, name)} of the imports from our packages, at the top, in functions and in strings."""
    found = set()
    for module, names in IMPORT.findall(path.read_text()):
        for name in names.strip("()").replace("\n", ",").split(","):
            if name := name.partition("#")[0].partition(" as ")[0].strip():
                found.add((module, name))
    return found


def exists(module: str, name: str) -> bool:
    try:
        return hasattr(importlib.import_module(module), name) or bool(importlib.import_module(f"{module}.{name}"))
    except ModuleNotFoundError:
        return False


def test_every_import_of_ours_leads_somewhere() -> None:
    absent = [
        f"{path.relative_to(ROOT)}: from {module} import {name}"
        for path in FILES
        for module, name in sorted(imports_of(path))
        if not module.startswith(OTHER_PROJECTS) and not exists(module, name)
    ]
    assert absent == []


def test_the_reader_of_imports_sees_those_in_strings_and_functions() -> None:
    assert ("api.models", "Room") in imports_of(ROOT / "bench" / "systems.py")
    assert ("api.models", "Message") in imports_of(ROOT / "tests" / "scenarios" / "test_typed_events.py")
    assert ("tidewire.snapshots", "recorded_events") in imports_of(ROOT / "tests" / "soak" / "bulk.py")


def test_every_step_of_verify_leads_somewhere() -> None:
    for step in STEPS:
        for part in step.command[1:]:
            assert not part.startswith("tests/") or (ROOT / part).exists(), (step.name, part)
        if step.command[1:2] == ("-m",):
            assert importlib.util.find_spec(step.command[2]), step.name
        elif step.command[0] == "npm":
            folder = step.command[step.command.index("--prefix") + 1]
            scripts = json.loads((ROOT / folder / "package.json").read_text())["scripts"]
            assert step.command[2] in scripts, step.name
        else:
            raise AssertionError(f"{step.name}: a command that this test cannot check")


@pytest.mark.parametrize(
    "path", ["tests/soak/reading.py", "tests/scenarios/test_faults_gone_client.py", "bench/growth.py"]
)
def test_every_table_in_sql_exists(path: str) -> None:
    tables = {model._meta.db_table for model in apps.get_models()}
    named = {name for name in TABLE.findall((ROOT / path).read_text()) if name.startswith("tidewire_")}
    assert named
    assert named <= tables
