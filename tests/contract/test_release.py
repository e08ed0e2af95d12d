"""`make release`: refuses what is not one tagged release, and builds and compares the packages otherwise."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from scripts import release
from scripts.release import ReleaseError
from tests.rig.site import ROOT

VERSION = release.version_of(ROOT)


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=Releaser", "-c", "user.email=releaser@example.com")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Returns a repository of what a release is made from, committed and tagged."""
    for name in ("tidewire", "pyproject.toml", "LICENSE", "docs/your-own-project.md"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    client = tmp_path / release.CLIENT
    ignored = shutil.ignore_patterns("node_modules", "dist", "test-results")
    shutil.copytree(ROOT / release.CLIENT, client, ignore=ignored)
    (client / "node_modules").symlink_to((ROOT / release.CLIENT / "node_modules").resolve())
    (tmp_path / ".gitignore").write_text("node_modules\ndist/\n__pycache__/\n")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## [{VERSION}] - 2026-12-01\n")
    git(tmp_path, "init", "--initial-branch", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--message", "Release")
    git(tmp_path, "tag", f"v{VERSION}")
    return tmp_path


def change(path: Path, pattern: str, to: str) -> None:
    text = path.read_text()
    assert re.search(pattern, text)
    path.write_text(re.sub(pattern, to, text, count=1))


def test_a_tagged_tree_is_accepted(tree):
    release.check_source(tree, release.version_of(tree))


def test_versions_that_differ_are_refused(tree):
    change(tree / release.CLIENT / "package.json", r'"version": "[^"]+"', '"version": "9.9.9"')
    with pytest.raises(ReleaseError, match="make them equal"):
        release.version_of(tree)


def test_a_tree_with_changes_is_refused(tree):
    (tree / "LICENSE").write_text("mine")
    with pytest.raises(ReleaseError, match="commit them first"):
        release.check_source(tree, VERSION)


def test_a_changelog_without_the_version_is_refused(tree):
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n")
    git(tree, "commit", "--all", "--message", "Not yet")
    with pytest.raises(ReleaseError, match="has no heading"):
        release.check_source(tree, VERSION)


def test_a_tag_that_is_missing_or_elsewhere_is_refused(tree):
    git(tree, "commit", "--allow-empty", "--message", "One more")
    with pytest.raises(ReleaseError, match="is at "):
        release.check_source(tree, VERSION)
    git(tree, "tag", "--delete", f"v{VERSION}")
    with pytest.raises(ReleaseError, match="does not exist"):
        release.check_source(tree, VERSION)


@pytest.mark.slow
def test_a_release_is_built_checked_and_not_uploaded(tree):
    command = [sys.executable, "scripts/release.py", "--root", str(tree)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Nothing was uploaded" in done.stdout
    names = {path.name for path in (tree / "dist").iterdir()}
    assert names == {
        *(f"tidewire-{VERSION}-py3-none-any.whl", f"tidewire-{VERSION}.tar.gz", f"tidewire-{VERSION}.tgz"),
        "SHA256SUMS",
    }
    with tarfile.open(tree / "dist" / f"tidewire-{VERSION}.tgz") as package:
        described = json.loads(package.extractfile("package/package.json").read())
    assert (described["version"], described["gitHead"]) == (VERSION, release.git(tree, "rev-parse", "HEAD"))
    assert release.git(tree, "status", "--porcelain") == ""  # what it changed for packing is as it was
    (tree / "dist" / f"tidewire-{VERSION}.tar.gz").rename(tree / "dist" / "tidewire-9.9.9.tar.gz")
    with pytest.raises((ReleaseError, KeyError)):
        release.check_built(tree / "dist", VERSION)
