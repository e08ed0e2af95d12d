"""The lines that the type checker ignores: each names its rule and gives a reason, and their number does not grow.

`make lint` runs the checker itself, with the settings of pyproject.toml.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["basedpyright"]
FILES = [path for tree in SETTINGS["include"] for path in sorted((ROOT / tree).rglob("*.py"))]

RECORDED = 21
"""How many there are. Record a smaller number when one goes; a larger one needs a reason that a reviewer accepts."""

IGNORE = re.compile(r"#\s*(?:pyright|type):\s*ignore.*")
FORM = re.compile(r"# pyright: ignore\[\w+(?:, \w+)*\]  \S.*")


def ignores() -> list[tuple[str, str]]:
    """[(place, comment)]"""
    return [
        (f"{path.relative_to(ROOT)}:{number}", found[0])
        for path in FILES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (found := IGNORE.search(line))
    ]


def test_every_ignore_names_its_rule_and_gives_a_reason() -> None:
    assert [(place, comment) for place, comment in ignores() if not FORM.fullmatch(comment)] == []


def test_no_more_is_ignored_than_is_recorded() -> None:
    found = ignores()
    assert len(found) <= RECORDED, "\n".join(place for place, _ in found)


def test_no_file_is_checked_less_by_itself() -> None:
    """A comment at the top of a file could turn rules off for all of it."""
    settings = re.compile(r"#\s*pyright:\s*(?!ignore\[)\S+")
    loosened = [
        f"{path.relative_to(ROOT)}: {found[0]}" for path in FILES if (found := settings.search(path.read_text()))
    ]
    assert loosened == []


def test_the_checker_refuses_ignores_of_nothing_and_of_everything() -> None:
    assert SETTINGS["reportUnnecessaryTypeIgnoreComment"] == "error"
    assert SETTINGS["reportIgnoreCommentWithoutRule"] == "error"
