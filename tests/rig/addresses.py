"""More addresses of this machine, so that clients of one machine have different ones, none of them loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


def can_be_added() -> bool:
    """Returns whether this machine lets us: root on Linux may."""
    return os.geteuid() == 0 and shutil.which("ip") is not None


@contextmanager
def added(*addresses: str) -> Iterator[None]:
    """Adds these addresses to the loopback interface for a while."""
    with ExitStack() as closing:
        for address in addresses:
            subprocess.run(["ip", "address", "replace", f"{address}/32", "dev", "lo"], check=True)
            closing.callback(subprocess.run, ["ip", "address", "delete", f"{address}/32", "dev", "lo"], check=False)
        yield
