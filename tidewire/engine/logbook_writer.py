"""Writes the logbook of one engine: what has changed, once in LOGBOOK_SECONDS."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
import uuid

from tidewire.delivery.connection_log import ConnectionLog
from tidewire.delivery.connections import Connections
from tidewire.delivery.hub import Hub
from tidewire.engine.reader import Reader
from tidewire.ground.conf import conf
from tidewire.ground.connection_states import ConnectionState, ProcessState
from tidewire.logbook.reading import HEARTBEAT_SECONDS
from tidewire.logbook.writing import BATCH

logger = logging.getLogger(__name__)

FIRST_SECONDS = 1.0
"""So long after its start a process writes for the first time, so that a look at a new process finds it."""
LAST_SECONDS = 2.0
"""So long the end of a process waits at most for its last entries."""


class LogbookWriter:
    """Runs in the event loop; the reader's threads write. A failure is logged, and its states are written later."""

    def __init__(self, log: ConnectionLog, connections: Connections, hub: Hub, reader: Reader) -> None:
        self._log, self._connections, self._hub, self._reader = log, connections, hub, reader
        self._id, self._started_at = str(uuid.uuid4()), time.time()
        self._wrote_at = 0.0  # by the loop's clock; 0 is never
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Writes until cancelled. Ends at once when LOGBOOK_SECONDS is 0."""
        wait = min(FIRST_SECONDS, conf.LOGBOOK_SECONDS)
        while conf.LOGBOOK_SECONDS:
            await asyncio.sleep(wait * random.uniform(0.9, 1.1))
            wait = conf.LOGBOOK_SECONDS
            states = self._log.take(BATCH)
            if states or self._loop.time() - self._wrote_at >= HEARTBEAT_SECONDS:
                await self._write(states)

    async def finish(self) -> None:
        """Writes what is left, and that the process has ended. A process that wrote nothing yet has nothing to say."""
        states = self._log.take(BATCH) if conf.LOGBOOK_SECONDS else []
        if not states and not self._wrote_at:
            return
        try:
            async with asyncio.timeout(LAST_SECONDS):
                while True:
                    left = states
                    states = self._log.take(BATCH)
                    await self._write(left, ended_at=None if states else time.time())
                    if not states:
                        return
        except TimeoutError:
            logger.warning("the last entries of the logbook are lost: the database did not take them in time")

    async def _write(self, states: list[ConnectionState], ended_at: float | None = None) -> None:
        try:
            await self._reader.write_logbook(self._process(ended_at), states)
            self._wrote_at = self._loop.time()
        except Exception as error:
            self._log.put_back(states)
            logger.warning("cannot write the logbook, will be tried again: %s", error)

    def _process(self, ended_at: float | None) -> ProcessState:
        return ProcessState(
            id=self._id,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            connections=len(self._connections),
            is_deaf=self._hub.is_deaf,
            poll_age=self._loop.time() - self._hub.polled_at,
            ended_at=ended_at,
            dropped=self._log.dropped,
        )
