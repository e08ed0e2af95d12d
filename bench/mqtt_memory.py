"""`python -m bench.mqtt_memory`: how much memory the bridge takes: idle, at 2,000 samples a second, and while the
database does not write.

The last: a transaction holds all streams for some seconds, and 40 devices send a batch of 1,000 samples every second,
about 2.5 MB together. What is not stored must wait in the broker. Afterwards all of it is stored.

Memory is what the kernel counts for the process (resident), the highest of ten looks a second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg

from bench.mqtt import BATCH, DEVICES, Bench, run
from tests.rig.site import Site
from tests.rig.verify import figure

LOOK_SECONDS = 0.1
LARGE_BATCH = 1000
DRAIN_SECONDS = 300.0
MOST_BYTES = 128 * 1024 * 1024
"""What it may take above its idle size: what waits, and batches of a thousand samples in all threads at once."""
COUNT = "from api.models import Sample; print(Sample.objects.count())"
LOCK = "LOCK TABLE tidewire_stream IN SHARE ROW EXCLUSIVE MODE"


class Peak:
    """The highest memory of the bridge since it was made."""

    def __init__(self, bench: Bench) -> None:
        self._bench, self.bytes = bench, 0
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        assert self._bench.bridge is not None
        while True:
            self.bytes = max(self.bytes, self._bench.bridge.memory_info().rss)
            await asyncio.sleep(LOOK_SECONDS)

    def end(self) -> None:
        self._looking.cancel()


@asynccontextmanager
async def peak(bench: Bench) -> AsyncIterator[Peak]:
    found = Peak(bench)
    try:
        yield found
    finally:
        found.end()


@contextmanager
def without_writes(site: Site) -> Iterator[None]:
    """Holds all streams in a transaction: nothing is recorded meanwhile."""
    url = site.environment.get("DATABASE_URL", "")
    if url:
        with psycopg.connect(url) as connection:
            connection.execute(LOCK)
            yield
            connection.rollback()
        return
    held = sqlite3.connect(next(Path(site.folder).glob("*.sqlite3")), isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    yield
    held.execute("ROLLBACK")
    held.close()


async def send(bench: Bench, seconds: float, size: int) -> int:
    """Sends a batch of each device every second. Returns how many samples were sent."""
    began, sent = time.perf_counter(), 0
    for second in range(round(seconds)):
        await asyncio.sleep(max(0.0, began + second - time.perf_counter()))
        for number, owner in enumerate(bench.owners):
            batch, _ = bench.samples(owner, size)
            await bench.publish(number, batch)
            sent += size
    return sent


async def wait_until_stored(bench: Bench, count: int) -> None:
    async with asyncio.timeout(DRAIN_SECONDS):
        while (stored := json.loads(await asyncio.to_thread(bench.site.shell, COUNT))) < count:  # noqa: ASYNC110  rows
            await asyncio.sleep(0.5)
    assert stored == count, f"{stored} of {count}"


async def measure(options: argparse.Namespace, site: Site) -> bool:
    """Prints the figures. Returns whether they hold."""
    bench = Bench(site, options.broker)
    try:
        await bench.start()
        sent = await send(bench, 2, 1)  # imports, threads and connections
        await wait_until_stored(bench, sent)
        async with peak(bench) as idle:
            await asyncio.sleep(5)
        async with peak(bench) as loaded:
            sent += await send(bench, options.seconds, BATCH)
            await wait_until_stored(bench, sent)
        with without_writes(site):
            async with peak(bench) as held:
                sent += await send(bench, options.seconds, LARGE_BATCH)
        async with peak(bench) as drained:
            began = time.perf_counter()
            await wait_until_stored(bench, sent)
        figure(
            f"mqtt, {options.size}, {options.broker}, memory of the bridge: idle {_mib(idle.bytes)} MiB; "
            f"{DEVICES * BATCH} samples a second for {options.seconds:.0f} s {_mib(loaded.bytes - idle.bytes):+} MiB; "
            f"{DEVICES * LARGE_BATCH} a second for {options.seconds:.0f} s while nothing can be stored "
            f"{_mib(held.bytes - idle.bytes):+} MiB, and while all of it is stored in "
            f"{time.perf_counter() - began:.0f} s {_mib(drained.bytes - idle.bytes):+} MiB; "
            f"load {os.getloadavg()[0]:.1f}"
        )
    finally:
        await bench.stop()
    return max(loaded.bytes, held.bytes, drained.bytes) - idle.bytes <= MOST_BYTES


def _mib(count: int) -> int:
    return round(count / 2**20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    return run(parser, measure)


if __name__ == "__main__":
    sys.exit(main())
