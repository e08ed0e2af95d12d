"""The browser of the tests: the one that CHROMIUM names, one on the PATH, or one that is installed through apt."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.rig.verify import install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Returns its path. No wheel and no npm package has one: without one, the test fails and says what to do."""
    if found := os.environ.get("CHROMIUM") or _on_path():
        return found
    install("chromium")
    return _on_path() or pytest.fail("needs Chromium: apt-get install chromium, or set CHROMIUM to its path")


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)
