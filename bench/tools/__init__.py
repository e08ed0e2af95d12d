"""Two programs in C: a load client that is faster than any of the servers, and a broadcaster, the least possible cost.

They are compiled when they are first used, into a temporary folder. The benchmarks need a C compiler.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.rig import servers

HERE = Path(__file__).parent


class NoCompiler(RuntimeError):
    """There is no C compiler on the PATH."""


@cache
def program(name: str) -> Path:
    """Compiles a program on its first use and returns its path. Raises NoCompiler."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        raise NoCompiler("the load client is C: put cc, gcc or clang on the PATH")
    made = servers.temporary_folder("bench-tools") / name
    libraries = ["-lcrypto"] if name == "wsblast" else []
    subprocess.run([compiler, "-O2", "-w", "-o", made, HERE / f"{name}.c", *libraries], check=True)
    return made


def load(arguments: Sequence[str | int | float], core: int, timeout: float = 180) -> list[dict[str, Any]]:
    """Runs the load client on `core`. Returns a dictionary for each of its phases. wsload.c explains the options."""
    command = [*on_core(core), program("wsload"), *map(str, arguments)]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=timeout, check=False)
    if done.stderr.strip():
        print(done.stderr.strip()[:2000])  # noqa: T201  its complaints belong to the result
    return [json.loads(line) for line in done.stdout.splitlines()]


def on_core(core: int) -> list[str]:
    """Returns what to put before a command to keep it and its threads on one core."""
    taskset = shutil.which("taskset")
    return [taskset, "-c", str(core)] if taskset else []


def cpu_seconds(pids: Sequence[int]) -> float:
    """Returns the CPU time of these processes so far, including threads that have ended."""
    return sum(time.clock_gettime(_clock_of(pid)) for pid in pids)


def _clock_of(pid: int) -> int:
    """Returns the id of a process's CPU clock, as clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2
