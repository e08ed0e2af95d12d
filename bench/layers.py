"""CPU time of one message through each channel layer that `REDIS_URL` can name: `python -m bench.layers`.

One process sends to GROUPS groups and receives what it sends, in short batches that take turns: other work on the
machine slows all of them alike. Times are CPU time of this process, which is sender and receiver, and of the servers
together. Waiting is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.module_loading import import_string

from tests.rig import servers
from tests.rig.redis_cluster import start_cluster

GROUPS = 100
BATCH = 500
PAYLOAD = {"type": "tidewire.events", "v": 1, "mac": b"m" * 32, "content": b"x" * 800}
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Backend:
    """One layer and its servers. Times are microseconds of CPU for a message, one of each batch."""

    name: str
    url: str
    nodes: list[servers.Redis]
    stop: Callable[[], None]
    process_us: list[float] = field(default_factory=list)
    servers_us: list[float] = field(default_factory=list)
    layer: Any = None
    mailbox: str = ""

    async def open(self) -> None:
        from backend.stores import channel_layer  # wants Django's settings

        settings = channel_layer(self.url)
        self.layer = import_string(settings["BACKEND"])(**settings["CONFIG"])
        self.mailbox = await self.layer.new_channel("bench")
        for number in range(GROUPS):
            await self.layer.group_add(f"tw.room.{number}", self.mailbox)
        await self._talk(GROUPS)

    async def measure(self) -> None:
        served, began = _cpu(self.nodes), time.process_time()
        await self._talk(BATCH)
        self.process_us.append((time.process_time() - began) / BATCH * 1e6)
        self.servers_us.append((_cpu(self.nodes) - served) / BATCH * 1e6)

    async def _talk(self, messages: int) -> None:
        for number in range(messages):
            await self.layer.group_send(f"tw.room.{number % GROUPS}", PAYLOAD)
            await self.layer.receive(self.mailbox)

    def row(self) -> str:
        process, served = statistics.median(self.process_us), statistics.mean(self.servers_us)
        return f"| {self.name} | {process:.0f} | {served:.0f} |"


def _cpu(nodes: list[servers.Redis]) -> float:
    """Returns the seconds of CPU that these servers have used."""
    words = [Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split() for node in nodes]
    return sum((int(each[11]) + int(each[12])) / TICKS for each in words)


def backends() -> list[Backend]:
    one, shards, cluster = servers.start_redis(), [servers.start_redis() for _ in range(3)], start_cluster()
    return [
        Backend("channels_redis, one server", one.url, [one], one.stop),
        Backend(
            "channels_redis, three shards",
            ",".join(shard.url for shard in shards),
            shards,
            lambda: [shard.stop() for shard in shards] and None,
        ),
        Backend("ours, a cluster of three nodes", cluster.url, cluster.nodes, cluster.stop),
    ]


async def compare(compared: list[Backend], rounds: int) -> None:
    for backend in compared:
        await backend.open()
    for number in range(rounds):
        for backend in compared[number % len(compared) :] + compared[: number % len(compared)]:
            await backend.measure()
    for backend in compared:
        await backend.layer.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.layers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help=f"batches of {BATCH} messages for each layer")
    arguments = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    os.environ["DATA_DIR"] = str(servers.temporary_folder("bench-layers"))

    compared = backends()
    try:
        asyncio.run(compare(compared, arguments.rounds))
    finally:
        for backend in compared:
            backend.stop()
    rows = ["| layer | µs of CPU a message, sender and receiver | in the servers |", "|---|---|---|"]
    sys.stdout.write("\n".join([*rows, *(backend.row() for backend in compared)]) + "\n")


if __name__ == "__main__":
    main()
