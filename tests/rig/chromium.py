"""The browser of the tests: named by CHROMIUM, on the PATH, or installed through apt where we may."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.rig.verify import install

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Its path. No wheel and no npm package ships one, so a machine without it fails by saying what to install."""
    if found := os.environ.get("CHROMIUM") or _on_path():
        return found
    install("chromium")
    return _on_path() or pytest.fail("needs Chromium: apt-get install chromium, or set CHROMIUM to its path")


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)
