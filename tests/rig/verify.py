"""What `make verify` adds: TIDEWIRE_VERIFY=1 makes tests look longer, and runs those that are marked `verify`.

pytest.mark.verify   needs minutes, a machine of its own, or programs that `make test` does not ask for
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

IS_VERIFY = os.environ.get("TIDEWIRE_VERIFY") == "1"


def figure(text: str) -> None:
    """Something measured: printed, and kept for the report of `make verify`."""
    print(f"\n{text}")
    if kept := os.environ.get("TIDEWIRE_FIGURES"):
        with Path(kept).open("a") as file:
            file.write(f"{text}\n")


def program(name: str, package: str) -> str:
    """The path of a program that no wheel holds: installed through apt where we may, else the test says what to do."""
    if found := shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return found
    install(package)
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or pytest.fail(
        f"needs {name}: apt-get install {package}"
    )


def install(package: str) -> None:
    """As root, on Debian and its kin; elsewhere nothing happens. Services that come with it are not started."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]):
        subprocess.run(command, check=False, capture_output=True, env=environment)
