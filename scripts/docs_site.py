"""mkdocs' hooks for the site of docs/: the order of its pages, and links that leave docs/."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

SECTIONS: dict[str, list[str]] = {
    "Begin": ["first-live-model.md", "existing-project.md", "from-channels.md", "your-own-project.md"],
    "Use": [
        *("writing-a-live-model.md", "streams-and-permissions.md", "events-and-versions.md", "testing-live-models.md"),
        *("dashboards.md", "third-parties.md", "search.md", "http-doors.md", "webhooks.md", "mqtt.md", "mobile/*"),
    ],
    "Reference": ["reference/*", "protocol.md", "glossary.md", "reference/typescript/*"],
    "Run": [
        *("installation.md", "kubernetes.md", "configuration.md", "operations.md", "http2.md", "observability.md"),
        *("incidents.md", "capacity.md", "scaling.md", "backup.md", "secrets.md", "security.md"),
        *("supported-versions.md", "upgrading.md", "releasing.md"),
    ],
    "Inside": ["event-path.md", "testing.md", "performance.md", "*-report.md", "decisions/*"],
}
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+)(#[^)]*)?\)")


def on_config(config: Any) -> Any:
    """Lists every page: those of SECTIONS in their order, and pages that none of them names at the end."""
    folder = Path(config["docs_dir"])
    pages = {str(path.relative_to(folder)) for path in folder.rglob("*.md")}
    nav: list[Any] = ["index.md"]
    left = pages - {"index.md"}
    for title, patterns in SECTIONS.items():
        named = [sorted(page for page in left if Path(page).match(pattern)) for pattern in patterns]
        nav.append({title: [page for group in named for page in group]})
        left -= {page for group in named for page in group}
    config["nav"] = [*nav, {"More": sorted(left)}] if left else nav
    return config


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Makes text of links to files of the repository that are not on the site, such as tests."""
    here = posixpath.dirname(page.file.src_uri)

    def kept(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, found[2]))
        is_here = "://" in found[2] or not target.startswith("..")
        return found[0] if is_here else f"`{target.removeprefix('../')}`" if found[1] == found[2] else found[1]

    return _LINK.sub(kept, markdown)
