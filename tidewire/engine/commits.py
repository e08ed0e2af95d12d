"""Looks for what other processes write, where no channel layer brings it: a bridge, a worker, a command beside a server
on SQLite and memory. The hub's poll would find it, too, POLL_SECONDS later."""

from __future__ import annotations

import asyncio
import logging

from tidewire.delivery.hub import Hub
from tidewire.engine.reader import Reader
from tidewire.log import commits
from tidewire.log.database import log_alias

LOOK_SECONDS = 0.05
"""How often SQLite is asked whether another connection has committed."""
SHARE = 10
"""Reading what was committed takes at most one part in so many of the time."""
MARGIN_SECONDS = 1.0
"""For how long before the last look streams are read again; a transaction that took longer is found by the poll."""

logger = logging.getLogger(__name__)


async def follow(hub: Hub, reader: Reader) -> None:
    """Has the hub look at the log soon after each commit, until cancelled. Ends at once where commits are not shown."""
    using = log_alias()
    if not commits.are_shown(using):
        return
    loop = asyncio.get_running_loop()
    version, looked_at = -1, loop.time()
    while True:
        began = loop.time()
        try:
            found = await reader.watch(commits.data_version, using)
            if found != version:
                await hub.look(began - looked_at + MARGIN_SECONDS)
                version, looked_at = found, began
        except Exception as error:
            logger.warning("cannot look for commits, will be tried again: %s", error)
        await asyncio.sleep(max(LOOK_SECONDS, SHARE * (loop.time() - began)))
