"""What was written and what devices received. Times are seconds of this machine's clock, the same for all processes."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

OK, FAILED, UNKNOWN = "ok", "failed", "unknown"


@dataclass(slots=True)
class Write:
    """One attempt to change something. `objects` names what it changes, one event each. `positions` is what the answer
    said: stream, epoch and offset of the last event in each stream."""

    writer: str
    op: str
    invoked: float
    ended: float = 0.0
    outcome: str = UNKNOWN
    status: int = 0
    objects: list[str] = field(default_factory=list)
    positions: list[tuple[str, str, int]] = field(default_factory=list)
    stream: str = ""
    user: str = ""  # the member that it adds or removes
    note: str = ""


@dataclass(slots=True)
class Seen:
    """Something that happened to a device: `event`, `subscribed`, `unsubscribed`, `refused`, `unrecoverable`, `state`
    (a fresh list), `connected`, `disconnected`, or `born` (a new process with the stored copies)."""

    device: str
    user: str
    at: float
    kind: str
    stream: str = ""
    offset: int = 0
    epoch: str = ""
    code: int = 0
    was_recovering: bool = False
    recovered: bool = False
    id: str = ""
    type: str = ""
    object: str = ""
    written_at: float = 0.0
    digest: str = ""
    life: int = 0  # which of the device's processes


@dataclass(slots=True)
class LogEvent:
    """A row of the event log, read from the database at the end."""

    stream: str
    offset: int
    id: str
    type: str
    object: str
    at: float
    digest: str
    data: Json = field(default_factory=dict)


@dataclass(slots=True)
class Fault:
    kind: str
    target: str
    began: float
    ended: float = 0.0


@dataclass(slots=True)
class Closing:
    """The end of a socket whose session was logged out: when that was answered, when the socket was closed, and its
    code; 0 when it was still open."""

    answered_at: float
    closed_at: float
    code: int


@dataclass(slots=True)
class Sample:
    """Memory of one process."""

    at: float
    worker: str
    pid: int
    rss_mib: float


@dataclass
class History:
    """All that a run recorded. The lists only grow; `append` is safe from any thread."""

    writes: list[Write] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    closings: list[Closing] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)  # unexpected answers, tracebacks, broken clients
    phases: dict[str, float] = field(default_factory=dict)
    # read at the end
    log: list[LogEvent] = field(default_factory=list)
    heads: dict[str, tuple[str, int]] = field(default_factory=dict)
    rest: dict[str, dict[str, Any]] = field(default_factory=dict)  # user → stream → a fresh GET, or None
    copies: dict[str, dict[str, Any]] = field(default_factory=dict)  # device → stream → its copy
    users: dict[str, str] = field(default_factory=dict)  # device → user
    fresh: set[str] = field(default_factory=set)  # devices that read each log from its start at the end
    members: dict[str, bool] = field(default_factory=dict)  # user → in all rooms from the start
    public_from_birth: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def count_status(self, status: int) -> None:
        with self._lock:
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def save(self, path: Path) -> None:
        """Writes a line per record, compressed, for a closer look."""
        with gzip.open(path, "wt", encoding="utf-8") as file:
            for name, records in self._records():
                for record in records:
                    file.write(json.dumps({"record": name, **asdict(record)}, default=str) + "\n")

    def _records(self) -> Iterable[tuple[str, list[Any]]]:
        yield from {
            "write": self.writes, "seen": self.seen, "fault": self.faults, "sample": self.samples,
            "closing": self.closings, "log": self.log
        }.items()  # fmt: skip


def now() -> float:
    return time.time()


def digest(event: Json) -> str:
    """Returns a text that is the same for the same event, whichever way it was read."""
    text = json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:16]
