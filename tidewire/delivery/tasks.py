"""The background tasks of an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

STOP_SECONDS, STOP_TRIES = 2.0, 10


class Tasks:
    """Starts tasks in the running loop, keeps a reference to each until it ends, and can end all of them."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def stop(self) -> None:
        """Cancels all tasks until they have ended, for at most STOP_SECONDS: redis-py swallows a cancellation that
        comes while it connects, and waiting for such a task without a limit would never end."""
        for _ in range(STOP_TRIES):
            for task in self._running:
                task.cancel()
            if self._running:
                await asyncio.wait(self._running, timeout=STOP_SECONDS / STOP_TRIES)
