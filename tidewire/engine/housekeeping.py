"""Work that any process may do: each looks for it at its own time, and what two of them do at once costs little."""

from __future__ import annotations

import asyncio
import logging
import random

from tidewire.declare.registry import registry
from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.ground.conf import conf

LOOK_SECONDS = 60.0
"""How often a process looks for chores that are due."""
MEASURE_SECONDS = 20.0
"""How often a process reads the figures of the database."""
MIN_PAUSE_SECONDS = 0.02
"""Between two slices of jobs."""

logger = logging.getLogger(__name__)


async def do_chores(reader: Reader) -> None:
    """Looks for chores that are due, each of them once in PRUNE_SECONDS, until cancelled. Of all processes that look,
    one does a chore. Ends at once when PRUNE_SECONDS is 0: then `manage.py housekeeping` must run."""
    while conf.PRUNE_SECONDS:
        await _until_next_look()
        try:
            await reader.do_chores(conf.PRUNE_SECONDS, conf.PRUNE_SHARE)
        except Exception as error:
            logger.warning("cannot look for chores, will be tried again: %s", error)


async def look_at_chores(reader: Reader) -> None:
    """Shows when each chore was done, also while chores are being done, until cancelled. Ends at once when
    PRUNE_SECONDS is 0."""
    while conf.PRUNE_SECONDS:
        try:
            await reader.look_at_chores()
        except Exception as error:
            logger.warning("cannot look at the chores, will be tried again: %s", error)
        await _until_next_look()


async def _until_next_look() -> None:
    await asyncio.sleep(min(LOOK_SECONDS, conf.PRUNE_SECONDS) * random.uniform(0.5, 1.5))


async def measure(reader: Reader) -> None:
    """Reads the figures of the database for the metrics, until cancelled."""
    while True:
        await asyncio.sleep(MEASURE_SECONDS * random.uniform(0.5, 1.5))
        try:
            await reader.measure()
        except Exception as error:
            logger.warning("cannot measure the database, will be tried again: %s", error)


async def release_delayed(reader: Reader) -> None:
    """Records the delayed events that are due about twice in the shortest interval of any rate, until cancelled. Of the
    processes that look at the same time one records them. Ends at once when no kind of stream has a rate."""
    intervals = [kind.rate.seconds for kind in registry.kinds.values() if kind.rate]
    while intervals:
        await asyncio.sleep(min(intervals) * random.uniform(0.4, 0.6))
        try:
            await reader.release_due()
        except Exception as error:
            logger.warning("cannot release delayed events, will be tried again: %s", error)


async def run_jobs(reader: Reader) -> None:
    """Looks for pending jobs about every JOB_SECONDS and does their slices, until cancelled.

    After each slice it waits for as long as the slice took, so that the slices leave half of the time to other writers.
    """
    loop = asyncio.get_running_loop()
    while conf.JOB_SECONDS:
        await asyncio.sleep(conf.JOB_SECONDS * random.uniform(0.5, 1.5))
        try:
            pending = await reader.pending_jobs()
            for kind, count in pending.items():
                metrics.jobs_pending.labels(kind).set(count)
            began = loop.time()
            while any(pending.values()) and await reader.run_slice():
                await asyncio.sleep(max(MIN_PAUSE_SECONDS, loop.time() - began))
                began = loop.time()
        except Exception as error:
            logger.warning("cannot work on pending jobs, will be tried again: %s", error)
