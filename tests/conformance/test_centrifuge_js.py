"""The own tests of centrifuge-js, unmodified, over every transport, against the conformance server.

They are not in the npm package. CENTRIFUGE_JS names a folder with the repository `centrifugal/centrifuge-js`, of which
`src/centrifuge.test.ts` and `src/centrifuge.protobuf.test.ts` are taken; `make verify` clones it where none is named.
What they import of the SDK's sources comes from the npm package.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.test_conformance import serving
from tests.rig import servers
from tests.rig.verify import figure

JS = Path(__file__).parent / "js"
REPOSITORY, TAG = "https://github.com/centrifugal/centrifuge-js", "5.8.0"
PORT = 8000
"""The tests name it."""
FILES = ("centrifuge.test.ts", "centrifuge.protobuf.test.ts")
SOURCES = {
    "centrifuge.ts": "export { Centrifuge } from 'centrifuge'",
    "types.ts": "export * from 'centrifuge'",
    "codes.ts": "export * from 'centrifuge'",
    "protobuf.ts": "export { Centrifuge } from 'centrifuge/build/protobuf'",
}
FALLBACKS = ("http_stream", "sse")
pytestmark = pytest.mark.verify


@pytest.fixture(scope="module")
def repository() -> Path:
    if named := os.environ.get("CENTRIFUGE_JS"):
        return Path(named)
    folder = servers.temporary_folder("centrifuge-js")
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"--branch={TAG}", REPOSITORY, folder], check=True)
    return folder


def test_every_transport_passes_the_tests_of_the_sdk(repository: Path) -> None:
    folder = JS / f"centrifuge-{os.getpid()}"
    node = shutil.which("node")
    assert node is not None
    folder.mkdir()
    try:
        for name in FILES:
            shutil.copy(repository / "src" / name, folder)
        for name, text in SOURCES.items():
            (folder / name).write_text(text)
        report = folder / "report.json"
        options = ["--globals", "--reporter=json", f"--outputFile={report}", "--testTimeout=30000"]
        options.append("--no-file-parallelism")  # both files count the clients of one channel
        command = [node, JS / "node_modules" / ".bin" / "vitest", "run", f"--dir={folder}", *options]
        with serving(port=PORT):
            ran = subprocess.run(command, cwd=JS, capture_output=True, text=True, timeout=600, check=False)
        assert report.exists(), ran.stdout + ran.stderr
        cases = [case for file in json.loads(report.read_text())["testResults"] for case in file["assertionResults"]]
    finally:
        shutil.rmtree(folder)
    failed = [(case["title"], case["failureMessages"]) for case in cases if case["status"] != "passed"]
    assert failed == []
    counted = Counter(case["title"].partition(" ")[0].rstrip(":") for case in cases)
    figure(", ".join(f"{counted[name]} cases of {name}" for name in ("websocket", *FALLBACKS)))
    assert all(counted[name] > 5 for name in FALLBACKS)
