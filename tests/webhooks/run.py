"""Runs the processes of one experiment, and the faults."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.rig import servers
from tests.rig.site import ROOT, Site
from tests.webhooks import verdict
from tests.webhooks.verdict import Verdict

RECEIVER = Path(__file__).with_name("receiver.py")
SETTINGS = {
    "WEBHOOK_LOOPBACK": "1",
    "WEBHOOK_HTTPS_ONLY": "0",
    "WEBHOOK_RETRY_SECONDS": "0.05",
    "WEBHOOK_TIMEOUT_SECONDS": "1",
    "WEBHOOK_LEASE_SECONDS": "2",
    "PRUNE_SECONDS": "0",
}


@dataclass(frozen=True)
class Plan:
    endpoints: int
    events: int
    workers: int = 2
    writers: int = 2
    write_seconds: float = 5.0
    kill_seconds: float = 2.0
    restarts: int = 0
    """Of PostgreSQL."""
    receiver_kill_seconds: float = 5.0
    fail_rate: float = 0.3
    seed: int = 1
    most_seconds: float = 120.0
    """After the last write."""


class Run:
    """One experiment on a site whose servers need not run."""

    def __init__(self, site: Site, plan: Plan) -> None:
        self.site, self.plan = site, plan
        self._chance = random.Random(plan.seed)
        self._port = servers.free_port()
        self.log, self._secrets = site.folder / "received.jsonl", site.folder / "secrets.json"
        self._workers: list[subprocess.Popen[bytes]] = []
        self._starts: Counter[int] = Counter()
        self._begun_at: dict[tuple[int, int], float] = {}
        self._receiver: subprocess.Popen[bytes] | None = None
        self.killed_workers = self.killed_receivers = self.restarted = 0
        self.seconds = 0.0

    def shell(self, code: str) -> str:
        return self.site.shell(f"from tests.webhooks import writer; {code}")

    def run(self) -> Verdict:
        if self.plan.restarts and self.site.postgresql is not None:  # what is acknowledged must survive the crash
            name = self.site.environment["DATABASE_URL"].rpartition("/")[2]
            self.site.postgresql.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = on')
        made = json.loads(self.shell(f"writer.set_up({self.plan.endpoints}, 'http://127.0.0.1:{self._port}')"))
        self._secrets.write_text(json.dumps(made["secrets"]))
        self.log.touch()
        began = time.monotonic()
        writers: list[subprocess.Popen[bytes]] = []
        try:
            self._start_receiver()
            self._workers = [self._worker(number) for number in range(self.plan.workers)]
            writers = [self._writer(made, number) for number in range(self.plan.writers)]
            removed = self._faults(made, writers)
            self._await_end(made)
        finally:
            for process in [*self._workers, *writers, *([self._receiver] if self._receiver else [])]:
                servers.end(process, signal.SIGKILL)
        self.seconds = time.monotonic() - began
        return self._judge(made, removed)

    # -- processes ---------------------------------------------------------------------------------------------------

    def _start_receiver(self) -> None:
        arguments = [
            str(self._port),
            self.log,
            self._secrets,
            str(self._chance.random())[2:8],
            str(self.plan.fail_rate),
        ]
        self._receiver = servers.spawn(
            [sys.executable, RECEIVER, *arguments], log=self.site.folder / "receiver.log", cwd=ROOT
        )

    def _worker(self, number: int) -> subprocess.Popen[bytes]:
        log = self.site.folder / f"worker-{number}.log"
        self._starts[number] += 1
        command = [sys.executable, "manage.py", "deliver_webhooks"]
        return servers.spawn(command, log=log, cwd=ROOT, env=self.site.environment)

    def _has_begun(self, number: int) -> bool:
        """Returns whether this worker has been at work for as long as is between two kills: on a busy machine the start
        of a process takes longer."""
        log = (self.site.folder / f"worker-{number}.log").read_text()
        if log.count("Delivering") < self._starts[number]:
            return False
        begun_at = self._begun_at.setdefault((number, self._starts[number]), time.monotonic())
        return time.monotonic() - begun_at >= self.plan.kill_seconds

    def _writer(self, made: dict, number: int) -> subprocess.Popen[bytes]:
        plan, author = self.plan, made["members"]["0"]
        arguments = (
            f"{made['rooms']!r}, {made['shared']!r}, {author!r}, {plan.events // plan.writers}, {plan.seed + number}"
        )
        code = f"from tests.webhooks import writer; writer.write({arguments}, {plan.write_seconds})"
        command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", code]
        return servers.spawn(
            command, log=self.site.folder / f"writer-{number}.log", cwd=ROOT, env=self.site.environment
        )

    # -- faults ------------------------------------------------------------------------------------------------------

    def _faults(self, made: dict, writers: list[subprocess.Popen[bytes]]) -> int:
        """Kills and restarts until the writers have ended. Removes a member in the middle, and returns the offset."""
        began = next_kill = next_receiver = time.monotonic()
        next_kill, next_receiver = began + self.plan.kill_seconds, began + self.plan.receiver_kill_seconds
        removed, number = 0, 0
        while any(writer.poll() is None for writer in writers) or not (
            removed and self.killed_workers and self.killed_receivers
        ):
            now = time.monotonic()
            if now >= next_kill:
                number = (number + 1) % len(self._workers)
                if self._has_begun(number):
                    servers.end(self._workers[number], signal.SIGKILL)
                    self._workers[number] = self._worker(number)
                    self.killed_workers += 1
                    next_kill = time.monotonic() + self.plan.kill_seconds
            if now >= next_receiver and self._receiver is not None:
                servers.end(self._receiver, signal.SIGKILL)
                self._start_receiver()
                self.killed_receivers, next_receiver = self.killed_receivers + 1, now + self.plan.receiver_kill_seconds
            part = (now - began) / max(0.1, self.plan.write_seconds)
            if self.restarted < self.plan.restarts and part > (self.restarted + 1) / (self.plan.restarts + 1):
                assert self.site.postgresql is not None
                self.site.postgresql.restart()
                self.restarted += 1
            if part > 0.5 and not removed:
                member = made["members"]["1"]
                removed = json.loads(self.shell(f"writer.remove({made['shared']!r}, {member!r})"))
            time.sleep(0.05)
        return removed

    def _await_end(self, made: dict) -> None:
        """Waits until the receiver has processed everything. Kills no more."""
        deadline = time.monotonic() + self.plan.most_seconds
        while time.monotonic() < deadline:
            state = json.loads(self.shell("writer.finish()"))
            behind = [row for row in state["positions"] if row[2] != row[3] and row[4] is None]
            if not behind:
                return
            time.sleep(0.5)

    def _judge(self, made: dict, removed: int) -> Verdict:
        state = json.loads(self.shell("writer.finish()"))
        expected: dict[tuple[str, str], range] = {}
        for number in range(self.plan.endpoints):
            for room in (made["rooms"][number], made["shared"]):
                name = f"room:{room}"
                if number == 1 and room == made["shared"]:
                    continue
                begin = made["begin"].get(name, 0)
                expected[str(number), name] = range(begin + 1, state["heads"][name][1] + 1)
        found = verdict.judge(self.log, expected, {("1", f"room:{made['shared']}"): removed})
        for number in range(self.plan.workers):
            log = self.site.folder / f"worker-{number}.log"
            with contextlib.suppress(FileNotFoundError):
                if "Traceback" in (text := log.read_text()):
                    found.wrong.append(f"a traceback of a worker:\n{text[text.index('Traceback') :][:3000]}")
        return found
