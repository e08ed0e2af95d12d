"""`python -m bench.webhooks`: webhooks on PostgreSQL, from COMMIT to the receiver's request, and what they cost.

- **idle**: one message now and then; the time from the event's own time, just before its COMMIT, to the request.
- **dead**: the same with 50 endpoints, without and with a dead one among them (a port that takes connections and never
  answers), in turns. The ratio of the medians of the others.
- **load**: as many messages as a worker can send, one event each and in batches, per second of its own processor time.

The worker, the receiver and the writer are processes of their own. Times are those of a shared machine: read ratios.
"""

from __future__ import annotations

import argparse
import json
import signal
import socket
import statistics
import subprocess
import sys
import time
from datetime import datetime

import psutil

from tests.rig import servers
from tests.rig.site import ROOT, Site, Sites
from tests.rig.verify import figure
from tests.webhooks.run import RECEIVER, SETTINGS
from tests.webhooks.verdict import requests

MOST_IDLE_SECONDS = 0.050
MOST_RATIO = 1.1


class Bench:
    """A site with a receiver and one worker."""

    def __init__(self, site: Site) -> None:
        self.site, self.port = site, servers.free_port()
        self.log = site.folder / "received.jsonl"
        self._processes: list[subprocess.Popen[bytes]] = []

    def shell(self, code: str) -> str:
        return self.site.shell(f"from tests.webhooks import writer; {code}")

    def start_receiver(self, secrets: dict[str, str]) -> None:
        path = self.site.folder / "secrets.json"
        path.write_text(json.dumps(secrets))
        self.log.touch()
        command = [sys.executable, RECEIVER, str(self.port), self.log, path, "1", "0"]
        self._processes.append(servers.spawn(command, log=self.site.folder / "receiver.log", cwd=ROOT))

    def start_worker(self) -> psutil.Process:
        command = [sys.executable, "manage.py", "deliver_webhooks"]
        log = self.site.folder / "worker.log"
        process = servers.spawn(command, log=log, cwd=ROOT, env=self.site.environment)
        self._processes.append(process)
        return psutil.Process(process.pid)

    def end(self, process: psutil.Process) -> None:
        process.send_signal(signal.SIGTERM)
        process.wait(30)

    def received(self) -> list[list]:
        return requests(self.log)

    def wait_for(self, count: int, seconds: float = 300.0) -> None:
        """Waits until so many events have arrived."""
        deadline = time.monotonic() + seconds
        while sum(len(line[4]) for line in self.received()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} events have not arrived in {seconds:.0f} s")
            time.sleep(0.1)

    def stop(self) -> None:
        for process in self._processes:
            servers.end(process, signal.SIGKILL)


def delays(lines: list[list]) -> list[float]:
    """Returns the seconds from each event's own time to its request."""
    return [line[8] - datetime.fromisoformat(line[7]).timestamp() for line in lines if line[5] == "ok"]


def idle(bench: Bench, made: dict, count: int) -> list[float]:
    """Writes one message at a time, with pauses. Returns the delays."""
    before = len(bench.received())
    room, author = made["rooms"][0], made["members"]["0"]
    bench.shell(f"writer.write_slowly({room!r}, {author!r}, {count})")
    bench.wait_for(before + count, 30.0)
    return delays(bench.received()[before:])


def dead(bench: Bench, made: dict, rounds: int, count: int) -> tuple[float, float]:
    """Returns the medians of 49 endpoints without and with a dead one beside them, of rounds that take turns."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(512)
        port = silent.getsockname()[1]
        medians: dict[bool, list[float]] = {False: [], True: []}
        for number in range(2 * rounds):
            is_dead = number % 2 == 1
            bench.shell(f"writer.point_at(49, 'http://127.0.0.1:{port if is_dead else bench.port}/49')")
            before = len(bench.received())
            bench.shell(f"writer.write_in_turn({made['rooms']!r}, {made['members']['0']!r}, {count})")
            time.sleep(1.0)
            found = [line for line in bench.received()[before:] if line[0] != "49"]
            medians[is_dead].append(statistics.median(delays(found)))
    return statistics.median(medians[False]), statistics.median(medians[True])


def load(bench: Bench, made: dict, batch: int, count: int) -> tuple[float, float]:
    """Lets messages wait for a worker, and starts it. Returns (events, requests) for each second of its processor
    time, its start left out."""
    bench.shell(
        f"writer.set_batch({batch}); writer.write({made['rooms']!r}, {made['rooms'][0]!r}, "
        f"{made['members']['0']!r}, {count}, 1, 0.0, has_deletions=False)"
    )
    before = bench.received()
    events = sum(len(line[4]) for line in before)
    worker = bench.start_worker()
    bench.wait_for(events + 1)
    began = sum(worker.cpu_times()[:2])
    first = len(bench.received())
    bench.wait_for(events + count)
    lines = bench.received()[first:]
    spent = sum(worker.cpu_times()[:2]) - began
    bench.end(worker)
    return sum(len(line[4]) for line in lines) / spent, len(lines) / spent


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check", action="store_true", help="fail above the promised figures")
    options = parser.parse_args()
    sites = Sites(servers.temporary_folder("bench-webhooks"))
    site = sites.make("grown", settings=SETTINGS | {"WEBHOOK_TIMEOUT_SECONDS": "10"})
    bench = Bench(site)
    try:
        made = json.loads(bench.shell(f"writer.set_up(50, 'http://127.0.0.1:{bench.port}', has_shared=False)"))
        bench.start_receiver(made["secrets"])
        worker = bench.start_worker()
        wait_until_works(bench, made)
        found = idle(bench, made, 20 if options.quick else 100)
        p50, p95 = statistics.median(found), sorted(found)[int(len(found) * 0.95)]
        figure(f"webhooks, idle: COMMIT to request p50 {p50 * 1000:.0f} ms, p95 {p95 * 1000:.0f} ms")
        without, with_dead = dead(bench, made, 2 if options.quick else 5, 300)
        ratio = with_dead / without
        figure(
            f"webhooks, a dead endpoint among 50: p50 of the others {without * 1000:.0f} ms without, "
            f"{with_dead * 1000:.0f} ms with it: {ratio:.2f}"
        )
        bench.shell(f"writer.point_at(49, 'http://127.0.0.1:{bench.port}/49')")
        bench.end(worker)
        for batch in (1, 20):
            events, sent = load(bench, made, batch, 1_000 if options.quick else 5_000)
            figure(
                f"webhooks, load, batches of {batch}: {events:.0f} events and {sent:.0f} requests for each second "
                "of a worker's processor time"
            )
    finally:
        bench.stop()
        sites.stop()
    return 1 if options.check and (p50 > MOST_IDLE_SECONDS or ratio > MOST_RATIO) else 0


def wait_until_works(bench: Bench, made: dict) -> None:
    bench.shell(f"writer.write_slowly({made['rooms'][0]!r}, {made['members']['0']!r}, 1)")
    bench.wait_for(1, 30.0)


if __name__ == "__main__":
    sys.exit(main())
