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
    "centrifuge.ts": "export * from 'centrifuge'",
    "types.ts": "export * from 'centrifuge'",
    "codes.ts": "export * from 'centrifuge'",
    "protobuf.ts": "export { Centrifuge } from 'centrifuge/build/protobuf'",
}
FALLBACKS = {
    ("centrifuge.test.ts", "http_stream"): 18,
    ("centrifuge.test.ts", "sse"): 18,
    ("centrifuge.protobuf.test.ts", "http_stream"): 4,
}
"""{(file, transport): its cases}: 36 and 4. A case is one title of `test.each` with one transport."""
TRANSPORTS = ("websocket", "http_stream", "sse")
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
        files = json.loads(report.read_text())["testResults"]
    finally:
        shutil.rmtree(folder)
    cases = [(Path(file["name"]).name, case) for file in files for case in file["assertionResults"]]
    served = [(name, transport, case) for name, case in cases if (transport := transport_of(case)) is not None]
    failed = [(case["title"], case["failureMessages"]) for _, _, case in served if case["status"] != "passed"]
    assert failed == []
    counted = Counter((name, transport) for name, transport, _ in served)
    figure(", ".join(f"{count} cases of {transport} in {name}" for (name, transport), count in sorted(counted.items())))
    assert {key: count for key, count in counted.items() if key[1] != "websocket"} == FALLBACKS


def transport_of(case: dict[str, str]) -> str | None:
    """Returns the transport that begins the title of a case. None for the few cases that ask no server: they look into
    private fields of the SDK's sources, in whose place the package stands here."""
    name = case["title"].partition(" ")[0].rstrip(":")
    return name if name in TRANSPORTS else None
