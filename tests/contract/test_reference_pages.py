"""docs/reference/ says what the code says, and names every setting; the site of docs/ builds without a warning."""

from __future__ import annotations

import os
import subprocess

import pytest

from scripts import reference
from tests.rig import environments
from tests.rig.site import ROOT
from tidewire.ground.conf import DEFAULTS

PAGES = reference.pages()
QUIET = os.environ | {"NO_MKDOCS_2_WARNING": "1"}  # of mkdocs-material, about another program


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name):
    path = reference.FOLDER / name
    assert path.read_text() == PAGES[name].rstrip() + "\n", "run `make reference`"


def test_there_is_no_other_page():
    """The pages of `typescript/` are those of the client's types: its reference.test.ts compares them."""
    assert {path.name for path in reference.FOLDER.iterdir()} == {*PAGES, "typescript"}


def test_every_setting_is_on_the_page_and_says_what_it_is():
    rows = [row for _, section in reference.settings_rows() for row in section]
    assert [name for name, _, _ in rows] == [*DEFAULTS]
    assert [name for name, _, text in rows if len(text) < 5] == []


def test_every_public_name_of_a_declaration_has_its_section():
    for name in ("Live", "Touch", "Fact", "StreamKind", "Rate", "Retention", "updates_named", "record_fact", "touch"):
        assert f"\n## {name}\n" in PAGES["declarations.md"], name


@pytest.mark.slow
def test_the_site_builds_without_a_warning(tmp_path):
    python = environments.tools("docs")
    command = [python, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False, env=QUIET)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    assert (tmp_path / "reference" / "settings" / "index.html").exists()
