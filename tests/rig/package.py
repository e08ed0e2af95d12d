"""The package `tidewire` as others install it: built from this tree, once per test process."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

from tests.rig import servers

ROOT = Path(__file__).resolve().parents[2]


@cache
def build() -> tuple[Path, Path]:
    """Builds the package and returns its sdist and its wheel, which is built from the sdist."""
    folder = servers.temporary_folder("package")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def unpack_wheel(folder: Path) -> None:
    """Puts the modules of the wheel into a folder, as pip puts them into site-packages."""
    with zipfile.ZipFile(build()[1]) as wheel:
        wheel.extractall(folder)
