"""Reads Markdown pages: their code blocks, links and named files, so that tests can run and check them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.rig.site import ROOT

_BLOCK = re.compile(r"(?:<!-- (?P<key>[\w ]+): (?P<name>[^>]*?) -->\n)? *```(?P<language>\w*)\n(?P<code>.*?)```", re.S)
_FILE = re.compile(
    r"`((?:api|backend|bench|clients|demo|deploy|docs|realtime|tests|tidewire|vectors)/[\w./-]+\.(?:css|html|js|mjs|md|proto|py|ts|tsx|yaml))`"
)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """A code block. `key` and `name` come from the comment above it: `<!-- runs: sign-in -->`."""

    key: str
    name: str
    language: str
    code: str


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(match["key"] or "", match["name"] or "", match["language"], match["code"]) for match in found]


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def links(page: Path) -> list[Path]:
    """Returns the files to which a page links."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    return [page.parent / target for target in _LINK.findall(text) if "://" not in target]


def anchors_linked(page: Path) -> list[tuple[Path, str]]:
    """Returns (page, anchor) of each link of a page to a heading, of itself or of another page."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    found = re.findall(r"\]\(([^)#\s]*\.md|)#([^)\s]+)\)", text)
    return [((page.parent / target) if target else page, anchor) for target, anchor in found if "://" not in target]


def anchors(page: Path) -> set[str]:
    """Returns the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def files_named(page: Path) -> list[str]:
    """Returns the files of this repository that a page names in code style, such as `tidewire/delivery/hub.py`."""
    return _FILE.findall(page.read_text(encoding="utf-8"))
