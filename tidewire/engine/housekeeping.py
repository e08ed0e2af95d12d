"""Work on the event log that any process may do: each does it at its own time, and doing it twice costs little."""

from __future__ import annotations

import asyncio
import logging
import random

from tidewire.declare.registry import registry
from tidewire.engine.reader import Reader
from tidewire.ground.conf import conf

logger = logging.getLogger(__name__)


async def prune(reader: Reader) -> None:
    """Deletes events outside their retention window about every PRUNE_SECONDS, until cancelled."""
    while conf.PRUNE_SECONDS:
        await asyncio.sleep(conf.PRUNE_SECONDS * random.uniform(0.5, 1.5))
        try:
            await reader.prune()
        except Exception as error:
            logger.warning("cannot prune the log: %s", error)


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
