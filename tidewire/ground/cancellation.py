"""Ends tasks for certain. One cancellation may not do: `asyncio.wait_for` of Python 3.11, with which redis-py waits,
swallows one that comes in the moment when what it waits for is done. A TaskGroup cancels each of its tasks once, and
would then wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

AGAIN_SECONDS = 0.1
"""After which a task that goes on is cancelled again."""


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancels these tasks until each of them has ended. Their errors are dropped."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=AGAIN_SECONDS)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # otherwise asyncio logs it


async def run_together(*works: Coroutine[Any, Any, None]) -> None:
    """Runs these until the first of them ends, and then ends the others. Raises what the first raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        failures = [task.exception() for task in tasks if task in done and not task.cancelled()]
    finally:
        await end(*tasks)
    for failure in failures:
        if failure is not None:
            raise failure
