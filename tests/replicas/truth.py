"""What was answered so far. Reads that began after an answer must show it."""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from dataclasses import dataclass

import httpx

_POSITION = re.compile(r"(room:[0-9a-f-]+); epoch=(\w+); offset=(\d+)")


@dataclass(frozen=True)
class Known:
    """What a read of a room must show: all up to `offset`, its `last` message while it stands, no text of `gone`."""

    offset: int
    epoch: str
    last: str | None
    gone: frozenset[str]


class Truth:
    """Read and written under one lock."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._offsets: dict[str, int] = defaultdict(int)
        self._epochs: dict[str, str] = {}
        self._last: dict[str, str] = {}
        self._gone: set[str] = set()
        self.removed: dict[str, list[str]] = defaultdict(list)
        """{room: tokens of people}"""
        self.violations: list[str] = []

    def written(self, room: str, response: httpx.Response, text: str = "", gone: str = "") -> None:
        """Takes in the answer of a write to a room."""
        found = [match for match in _POSITION.findall(response.headers["Tidewire-Position"]) if room in match[0]]
        (_, epoch, offset) = found[0]
        with self.lock:
            self._offsets[room], self._epochs[room] = max(self._offsets[room], int(offset)), epoch
            if text:
                self._last[room] = text
        if gone:
            self.erased(room, gone)

    def erased(self, room: str, text: str) -> None:
        with self.lock:
            self._gone.add(text)
            if self._last.get(room) == text:
                del self._last[room]

    def left(self, room: str, token: str) -> None:
        with self.lock:
            self.removed[room].append(token)

    def known(self, room: str) -> Known:
        with self.lock:
            offset, epoch = self._offsets[room], self._epochs[room]
            return Known(offset, epoch, self._last.get(room), frozenset(self._gone))

    def judge(self, is_good: bool, what: str) -> None:
        if not is_good:
            with self.lock:
                self.violations.append(what)
