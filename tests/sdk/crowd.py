"""Many clients of the public JavaScript SDK in one Node process, for tests of deploys."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CROWD = Path(__file__).with_name("js") / "crowd.mjs"
ASK_SECONDS = 0.2


@dataclass(frozen=True)
class Report:
    """The state of the crowd. `codes` counts the codes that ended connections; `connected` has the times (in seconds
    since 1970) at which connections were made."""

    subscribed: int
    offsets: list[int | None]
    gaps: int
    unrecovered: int
    codes: dict[str, int]
    connected: list[float]

    def are_at(self, offset: int) -> bool:
        return all(each == offset for each in self.offsets)

    def peak(self, since: float) -> int:
        """Returns the largest number of connections that were made within one second."""
        moments = sorted(at for at in self.connected if at >= since)
        return max((n + 1 - bisect_left(moments, at - 1) for n, at in enumerate(moments)), default=0)


class SdkCrowd:
    """`count` clients that subscribe to one channel, as one user."""

    def __init__(self, url: str, token: str, channel: str, count: int) -> None:
        node = shutil.which("node")
        assert node, "the JavaScript SDK needs Node 20 or newer"
        self._process = subprocess.Popen(
            [node, CROWD, url, token, channel, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def report(self) -> Report:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        report = json.loads(self._process.stdout.readline())
        return Report(**report | {"connected": [ms / 1000 for ms in report["connected"]]})

    def wait_for(self, is_so: Callable[[Report], bool], seconds: float) -> Report:
        deadline = time.monotonic() + seconds
        while not is_so(report := self.report()):
            assert time.monotonic() < deadline, f"not after {seconds:.0f} s: {report}"[:2000]
            time.sleep(ASK_SECONDS)
        return report

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> SdkCrowd:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
