"""Checks that docs/configuration.md lists every variable that the settings read, and no other."""

import re

from tests.rig.site import ROOT

ELSEWHERE = {
    "PORT",  # the Makefile's
    "WEB_CONCURRENCY",  # manage.py serve's, and the checks'
}
READ = re.compile(r'\benv\.\w+\(\s*"([A-Z_]+)"')
ROWS = re.compile(r"^\| (`[A-Z_]+`(?:, `[A-Z_]+`)*) \|", re.MULTILINE)


def test_the_page_lists_what_the_settings_read() -> None:
    read = READ.findall((ROOT / "backend/settings.py").read_text())
    rows = ROWS.findall((ROOT / "docs/configuration.md").read_text())
    listed = [name.strip("`") for row in rows for name in row.split(", ")]

    assert len(listed) == len(set(listed))
    assert set(listed) == {*read, *ELSEWHERE}


def test_what_is_read_elsewhere_is_read() -> None:
    assert "PORT ?=" in (ROOT / "Makefile").read_text()
    assert "WEB_CONCURRENCY" in (ROOT / "tidewire/management/commands/serve.py").read_text()
