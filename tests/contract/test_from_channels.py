"""Takes the steps of docs/from-channels.md in tests/channels_project: the textbook's chat becomes a live model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.contract.documents import blocks
from tests.contract.test_foreign_project import Installed
from tests.rig import environments, servers
from tests.rig.site import ROOT

PROJECT = ROOT / "tests" / "channels_project"
FILES = [(block.name, block.code) for block in blocks(ROOT / "docs" / "from-channels.md") if block.key == "file"]
GONE = ("chat/consumers.py", "chat/routing.py", "chat/tests.py")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def before() -> Installed:
    folder = servers.temporary_folder("talk") / "before"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "live_tests.py"))
    return Installed(environments.installed(environments.pairs()[0]), folder, {"TALK_DATA": str(folder)})


@pytest.fixture(scope="module")
def after(before: Installed) -> Installed:
    folder = before.folder.parent / "after"
    shutil.copytree(before.folder, folder, ignore=shutil.ignore_patterns("*.sqlite3*"))
    for name in GONE:
        (folder / name).unlink()
    for name, code in FILES:
        path, _, how = name.partition(" (")
        if how != "before)":
            target = folder / path
            target.write_text((target.read_text() if how else "") + code)
    shutil.copy(PROJECT / "chat" / "live_tests.py", folder / "chat" / "live_tests.py")
    return Installed(before.python, folder, {"TALK_DATA": str(folder)})


def test_the_page_shows_the_textbooks_consumer():
    shown = [(name, code) for name, code in FILES if name.endswith(" (before)")]
    assert shown == [("chat/consumers.py (before)", (PROJECT / "chat" / "consumers.py").read_text())]


def test_the_textbooks_tests_pass_before(before):
    assert "Ran 3 tests" in before.manage("test", "--noinput")


def test_what_goes_is_named(after):
    text = Path(ROOT / "docs" / "from-channels.md").read_text()
    assert all(f"`{name}`" in text for name in GONE[:2])


def test_the_live_chat_does_what_the_textbooks_could_not(after):
    after.manage("check")
    after.manage("makemigrations", "--check", "--dry-run")
    assert "Ran 4 tests" in after.manage("test", "--noinput", "chat.live_tests")
