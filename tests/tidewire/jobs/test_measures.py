"""Measures: those that a process takes, and one that fails."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from tests.rig.site import ROOT, child_environment
from tidewire.jobs import measures

SHOW = "from tidewire.jobs import measures; print(sorted(each.__name__ for each in measures._measures))"


@pytest.mark.slow
def test_a_process_takes_all_of_them(tmp_path) -> None:
    """Of a process that has imported nothing but the installed apps."""
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", SHOW],
        cwd=ROOT,
        env=child_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['measure_sizes', 'measure_webhooks']"


def test_one_that_fails_is_logged_and_the_others_are_taken(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[str] = []

    def fail(using: str) -> None:
        raise ValueError("broken")

    monkeypatch.setattr(measures, "_measures", [fail, taken.append])
    with caplog.at_level(logging.WARNING, logger=measures.__name__):
        measures.run_all("default")
    assert taken == ["default"]
    assert "fail cannot be measured: broken" in caplog.text
