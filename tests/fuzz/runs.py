"""Runs schemathesis against a running site, as one of its users."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.rig.openapi import PATH as OPENAPI
from tests.rig.site import Site

CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "unsupported_method", "allow_header_conformance"),
)
# They end the session. After them, every answer of the run would be 401.
ENDS = ("me_destroy", "me_password", "sessions_destroy")
SECONDS = 3600


@dataclass(frozen=True)
class Run:
    """The result of a run. `problems` are the kinds of failure, as schemathesis names them, with their operations."""

    user: str
    seed: int
    cases: int
    seconds: float
    problems: list[str]
    output: str


def prepare(folder: Path, names: dict[str, str]) -> Path:
    """Writes a stricter form of the committed document into the folder and returns its path.

    It has no `default` answers, so each status must be described. Half of the ids in paths are those of `names`, which
    exist. The parameter `fields` is left out, because rows with chosen fields lack what the schema requires.
    """
    document = yaml.safe_load(OPENAPI.read_text())
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("default")
            parameters = [each for each in operation.get("parameters", []) if each["name"] != "fields"]
            for parameter in parameters:
                if parameter["in"] == "path" and parameter["name"] in names:
                    known = {"const": names[parameter["name"]]}
                    parameter["schema"] = {"anyOf": [known, parameter["schema"]]}
            operation["parameters"] = parameters
    path = folder / "openapi.json"
    path.write_text(json.dumps(document, default=str))
    return path


def run(
    site: Site, user: str, credential: str, document: Path, *, examples: int, phases: str, seed: int | None = None
) -> Run:
    """Does a run. Without a seed it is the same every time. Fails when schemathesis does not come to its end."""
    report = document.parent / f"{user.replace(' ', '-')}-{seed}.json"
    chosen = ("--generation-deterministic",) if seed is None else ("--seed", str(seed))
    command = [
        *(Path(sys.executable).parent / "schemathesis", "run", document, "--url", site.url),
        # One worker: Python 3.11 adds up the recursion of two threads that parse, and raises SystemError.
        *("--max-examples", str(examples), "--phases", phases, "--workers", "1", *chosen),
        *("--checks", ",".join(CHECKS), "--no-shrink", "--suppress-health-check", "all", "--warnings", "off"),
        *("--continue-on-failure", "--request-timeout", "60", "--report", "json", "--report-json-path", report),
        *(option for name in ENDS for option in ("--exclude-operation-id", name)),
        *(("--header", f"Authorization: Bearer {credential}") if credential else ()),
    ]
    done = subprocess.run(
        [str(part) for part in command],
        cwd=document.parent,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found = json.loads(report.read_text())
    assert found["complete"], done.stdout
    problems = [f"{each['title']}: {', '.join(each['operations'])}" for each in found["failures"]]
    problems += [json.dumps(each) for each in found["errors"]]  # of schemathesis, or of the connection
    return Run(
        user, seed or 0, found["test_cases"]["generated"], found["running_time"], problems, done.stdout + done.stderr
    )
