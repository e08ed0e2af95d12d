"""Runs a coroutine at once, and makes a task only of one that has to wait.

Most sends never wait, because a server copies the message and returns; a task for each send would cost more than the
send. From Python 3.12 on a task can start eagerly by itself. Before that, `run` takes the first step of the coroutine
and a task does the rest.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any


def run(coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """Returns the task that does the rest of the coroutine, or None when the coroutine has ended. It must not raise.

    Before 3.12 the first step runs in the task of the caller, or in none. A server whose `send` used `asyncio.timeout`
    in that step could not be served this way; daphne's and uvicorn's do not.
    """
    if sys.version_info >= (3, 12):
        task = asyncio.Task(coroutine, loop=loop, eager_start=True)
        return None if task.done() else task
    try:
        waited_for = coroutine.send(None)
    except StopIteration:
        return None
    return loop.create_task(_Rest(coroutine, waited_for))


class _Rest(Coroutine[Any, Any, None]):
    """A coroutine after its first step, in which it began to wait for `waited_for`. The first step of the task returns
    `waited_for`, so that the task waits for it; all later steps are the coroutine's own."""

    __slots__ = ("_coroutine", "_waited_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waited_for: Any) -> None:
        self._coroutine, self._waited_for = coroutine, [waited_for]

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        return self._waited_for.pop() if self._waited_for else self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        self._waited_for.clear()
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()
