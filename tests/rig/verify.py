"""What `make verify` adds to `make test`.

With TIDEWIRE_VERIFY=1 some tests run for longer, and those that are marked `verify` run too: they need minutes, a
machine of their own, or programs that `make test` does not ask for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.rig import servers

BUILD_SECONDS = 1800

IS_VERIFY = os.environ.get("TIDEWIRE_VERIFY") == "1"


def figure(text: str) -> None:
    """Prints a line about something measured and keeps it for the report of `make verify`."""
    print(f"\n{text}")
    if kept := os.environ.get("TIDEWIRE_FIGURES"):
        with Path(kept).open("a") as file:
            file.write(f"{text}\n")


def program(name: str, package: str) -> str:
    """Returns the path of a program that no wheel holds.

    Installs `package` through apt where that is allowed. Otherwise the test fails and says what to install.
    """
    if found := shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin"):
        return found
    install(package)
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin") or pytest.fail(
        f"needs {name}: apt-get install {package}"
    )


@cache
def built_by_go(name: str, package: str) -> str:
    """Returns the path of a program: that of the PATH, or one that Go builds from a package, `module/cmd@version`."""
    path = f"{os.environ.get('PATH', '')}:/usr/local/go/bin"
    if found := shutil.which(name, path=path):
        return found
    folder = servers.temporary_folder(name)
    command = [shutil.which("go", path=path) or program("go", "golang"), "install", package]
    subprocess.run(command, env=os.environ | {"GOBIN": str(folder)}, check=True, timeout=BUILD_SECONDS)
    return str(folder / name)


def install(package: str) -> None:
    """Installs a package through apt: as root on Debian or a descendant. Elsewhere it does nothing.

    Services of the package are not started.
    """
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", package]):
        subprocess.run(command, check=False, capture_output=True, env=environment)
