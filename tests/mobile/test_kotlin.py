"""The code of docs/mobile/kotlin.md compiles against the SDK's release on Maven Central.

`make verify` runs this: it needs Maven, a JDK, and on its first run the network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from tests.rig.site import ROOT

PROJECT = Path(__file__).parent / "kotlin"
IMPORTS = """
import io.github.centrifugal.centrifuge.*
import java.util.concurrent.ConcurrentHashMap
import org.json.JSONObject
"""


def test_the_page_compiles(tmp_path):
    page = (ROOT / "docs/mobile/kotlin.md").read_text()
    (code,) = re.findall(r"```kotlin\n(.*?)```", page, re.S)
    pom = (PROJECT / "pom.xml").read_text()
    version = re.search(r"<artifactId>centrifuge-java</artifactId>\s*<version>(.*?)<", pom)
    assert version is not None
    assert f"centrifuge-java:{version[1]}" in page
    project = tmp_path / "kotlin"
    shutil.copytree(PROJECT, project)
    (project / "src").mkdir()
    (project / "Platform.kt").rename(project / "src/Platform.kt")
    (project / "src/Room.kt").write_text(IMPORTS + code)
    done = subprocess.run(
        ["mvn", "--quiet", "--batch-mode", "compile"], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project / "target/classes/Room.class").exists()
