from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.tidewire.delivery.bench import Bench, RecoveryBench
from tests.tidewire.in_memory import NEVER, Log, settled
from tidewire.delivery.hub import Intervals


@pytest.fixture
async def log() -> Log:
    return Log()


@pytest.fixture
async def bench(log: Log) -> AsyncIterator[Bench]:
    """A hub that is not started: it gets only what a test dispatches."""
    bench = Bench(log)
    yield bench
    await bench.stop()


@pytest.fixture
async def running(log: Log) -> AsyncIterator[Bench]:
    """A started hub that polls in every turn of the loop."""
    bench = Bench(log, Intervals(poll=0, touched=10, audit=NEVER, heartbeat=0.001))
    bench.hub.start()
    yield bench
    await bench.stop()


@pytest.fixture
async def recovering(log: Log) -> AsyncIterator[RecoveryBench]:
    """An engine whose hub is started. `log.calls` holds only what a test made it read."""
    bench = RecoveryBench(log)
    bench.hub.start()
    await settled()
    log.calls.clear()
    yield bench
    await bench.stop()
