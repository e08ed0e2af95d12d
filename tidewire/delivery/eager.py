"""Runs a coroutine at once, and makes a task only of one that has to wait.

Most sends never wait: a server copies the message and returns. A task for each is most of their price. From Python 3.12
on a task does this by itself; before, the first step is taken here and a task takes over what it left.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any


def run(coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """The task that goes on with it, or None when it has ended. It must not raise.

    Before 3.12 its first step has the task of whoever calls, or none: a server whose `send` used `asyncio.timeout`
    there could not be served this way. daphne's and uvicorn's do not.
    """
    if sys.version_info >= (3, 12):
        task = asyncio.Task(coroutine, loop=loop, eager_start=True)
        return None if task.done() else task
    try:
        waited_for = coroutine.send(None)
    except StopIteration:
        return None
    return loop.create_task(_Rest(coroutine, waited_for))


@Coroutine.register
class _Rest:
    """A coroutine after its first step, which waits for `waited_for`. The first step of its task is told so; all others
    are the coroutine's own."""

    __slots__ = ("_coroutine", "_waited_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waited_for: Any) -> None:
        self._coroutine, self._waited_for = coroutine, [waited_for]

    def send(self, value: Any) -> Any:
        return self._waited_for.pop() if self._waited_for else self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        self._waited_for.clear()
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()
