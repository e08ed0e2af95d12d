"""The commands of docs/observability.md."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.contract.documents import blocks
from tests.rig.site import ROOT
from tests.rig.verify import program

PAGE = ROOT / "docs" / "observability.md"


@pytest.mark.verify
def test_the_alerts_fire_in_their_cases_only(tmp_path: Path):
    """Runs the commands of the page, which need Debian's package `prometheus`."""
    folder = Path(program("promtool", "prometheus")).parent
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / "deploy" / "prometheus" / "token").write_text("a-token")
    (commands,) = [block.code for block in blocks(PAGE) if block.name == "prometheus"]
    environment = {"PATH": f"{folder}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-exc", commands], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
