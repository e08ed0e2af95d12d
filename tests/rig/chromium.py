"""The browser of the tests: named by CHROMIUM, on the PATH, or installed through apt where we may."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", "chromium"])


def chromium() -> str:
    """Its path. No wheel and no npm package ships one, so a machine without it fails by saying what to install."""
    if found := os.environ.get("CHROMIUM") or _on_path():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for command in INSTALL:
            subprocess.run(
                command, check=False, capture_output=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            )
    return _on_path() or pytest.fail("needs Chromium: apt-get install chromium, or set CHROMIUM to its path")


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)
