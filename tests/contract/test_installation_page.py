"""The installation page: its commands are shell, name what is there, and are those that the committed report is of.

`make verify` runs them in a clean root (tests/verify/installation.py), which takes minutes and needs root.
"""

from __future__ import annotations

import re
import subprocess

from tests.contract.documents import blocks
from tests.rig.site import ROOT
from tests.verify import installation

RUN = [block for block in blocks(installation.PAGE) if block.key == "runs"]


def test_every_block_is_shell():
    for block in RUN:
        done = subprocess.run(["bash", "-n"], input=block.code, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), block.name


def test_the_script_runs_every_block():
    text = (ROOT / "tests/verify/installation.py").read_text()
    named = set(installation.ONLINE) | set(re.findall(r'block\("(\w+)"', text))
    named |= {name for names in re.findall(r"for name in \(([^)]*)\)", text) for name in re.findall(r'"(\w+)"', names)}
    assert {block.name for block in RUN} == named


def test_the_files_of_the_release_exist():
    named = {path for block in RUN for path in re.findall(r"/srv/tidewire/(deploy/[\w./-]+)", block.code)}
    assert len(named) >= 3
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_report_is_of_these_commands():
    """A changed command must be run again: python -m tests.verify.installation."""
    assert installation.fingerprint([block.code for block in RUN]) in installation.REPORT.read_text()


def test_the_environment_starts_in_production():
    """Every variable that the page writes is one that the settings read."""
    (database,) = [block.code for block in RUN if block.name == "database"]
    written = set(re.findall(r"(?m)^([A-Z_]+)=", database))
    read = set(re.findall(r"`([A-Z_]+)`", (ROOT / "docs/configuration.md").read_text()))
    assert written <= read
