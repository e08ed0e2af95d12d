"""The conformance suite of Durable Streams, unmodified, against our read side (durable.py says how it writes)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.test_conformance import serving

JS = Path(__file__).parent / "js"
SUITE_SECONDS = 600
pytestmark = pytest.mark.slow

READ_SIDE = {
    "Basic Stream Operations": 5,
    "Append Operations": 3,
    "Read Operations": 3,
    "Long-Poll Operations": 2,
    "HTTP Protocol": 15,
    "Browser Security Headers": 9,
    "Case-Insensitivity": 3,
    "Content-Type Validation": 3,
    "HEAD Metadata": 3,
    "Offset Validation and Resumability": 20,
    "Protocol Edge Cases": 12,
    "Long-Poll Edge Cases": 5,
    "Caching and ETag": 5,
    "Chunking and Large Payloads": 2,
    "Read-Your-Writes Consistency": 3,
    "SSE Mode": 31,
    "JSON Mode": 16,
    "Property-Based Tests (fast-check)": 17,
}
"""{group of the suite: its cases}, 157 together. The other groups test what this server does not offer: forks,
producers with sequence numbers and the closing of a stream are writes, for which there is REST; streams have no time to
live, and their events have a retention window; subscriptions are webhooks of their own. Some of those cases pass all
the same: they test what is true of any server, and are not counted."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


def test_the_read_side_passes_its_157_cases(url: str, tmp_path: Path) -> None:
    program, report = JS / "node_modules" / ".bin" / "vitest", tmp_path / "report.json"
    assert program.exists(), f"run: npm ci --prefix {JS} --ignore-scripts"
    # Case names as the suite writes them: group, then title.
    groups = "|".join(name.replace("(", r"\(").replace(")", r"\)") for name in READ_SIDE)
    command = [program, "run", "durable.test.ts", "-t", f"^({groups}) ", "--reporter=json", f"--outputFile={report}"]
    command.append("--testTimeout=30000")  # for each case, in place of 5 s: the machine may be busy
    node = shutil.which("node")
    assert node is not None
    ran = subprocess.run(
        [node, *command],
        cwd=JS,
        env=os.environ | {"URL": url, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=SUITE_SECONDS,
        check=False,
    )
    assert report.exists(), ran.stdout + ran.stderr
    cases = json.loads(report.read_text())["testResults"][0]["assertionResults"]
    ours = [case for case in cases if case["ancestorTitles"][0] in READ_SIDE]
    failed = [(case["fullName"], case["failureMessages"]) for case in ours if case["status"] == "failed"]
    assert failed == []
    assert Counter(case["ancestorTitles"][0] for case in ours if case["status"] == "passed") == READ_SIDE
