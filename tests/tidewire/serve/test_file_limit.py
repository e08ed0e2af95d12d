"""Every limit of open files gives a finite number of places, or a refusal that says how to raise it."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.rig.site import ROOT, child_environment
from tidewire.serve.file_limit import (
    FILES_PER_THREAD,
    LEAST_PLACES,
    MOST_HTTP_PLACES,
    NO_LIMIT,
    RESERVE,
    SPARE_FILES,
    TooFewFilesError,
    places,
)

THREADS = 19
LEAST = SPARE_FILES + FILES_PER_THREAD * THREADS + RESERVE + LEAST_PLACES


@pytest.mark.parametrize("files", [LEAST, 256, 512, 1024, 20_000, NO_LIMIT])
@pytest.mark.parametrize("max_sockets", [0, 1, 10_000])
def test_places_are_finite_and_leave_files_for_everything_else(files: int, max_sockets: int) -> None:
    found = places(files, THREADS, max_sockets)

    assert 1 <= found.sockets < found.total
    assert found.sockets <= (max_sockets or NO_LIMIT)
    assert found.total + SPARE_FILES + FILES_PER_THREAD * THREADS + RESERVE <= files
    assert found.total - found.sockets <= MOST_HTTP_PLACES


@pytest.mark.parametrize("files", [0, 64, 128, LEAST - 1])
def test_too_few_files_are_refused(files: int) -> None:
    with pytest.raises(TooFewFilesError, match=f"{files} files.*{LEAST} or more"):
        places(files, THREADS, 10_000)


@pytest.mark.parametrize("files", [64, 128])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_does_not_start_with_too_few_files(tmp_path: Path, files: int, workers: str) -> None:
    stores = {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/c", "REDIS_URL": "redis://127.0.0.1:1/0"}
    environment = child_environment(tmp_path) | (stores if workers == "2" else {})
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0", "--skip-checks", "--workers", workers],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files, files)),
    )

    assert done.returncode == 1
    assert f"This process may open {files} files" in done.stderr
    assert "ulimit -n" in done.stderr
    assert "Traceback" not in done.stderr
