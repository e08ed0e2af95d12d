"""Runs a coroutine at once, and makes a task only of one that has to wait.

Most sends never wait: a server copies the message and returns. A task for each is most of their price. From Python 3.12
on a task does this by itself; before, the first step is taken here and a task takes over what it left.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Generator
from typing import Any


def run(coroutine: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> asyncio.Task[None] | None:
    """The task that goes on with it, or None when it has ended. It must not raise. Called in the loop, outside of
    any task."""
    if sys.version_info >= (3, 12):
        task = asyncio.Task(coroutine, loop=loop, eager_start=True)
        return None if task.done() else task
    try:
        waited_for = coroutine.send(None)
    except StopIteration:
        return None
    return loop.create_task(_Rest(coroutine, waited_for).run())


class _Rest:
    """A coroutine after its first step, which waits for `waited_for`."""

    __slots__ = ("_coroutine", "_waited_for")

    def __init__(self, coroutine: Coroutine[Any, Any, None], waited_for: Any) -> None:
        self._coroutine, self._waited_for = coroutine, waited_for

    async def run(self) -> None:
        await self

    def __await__(self) -> Generator[Any, Any, None]:
        waited_for = self._waited_for
        while True:
            try:
                yield waited_for
            except BaseException as error:  # a cancellation belongs to whoever waits
                step = lambda error=error: self._coroutine.throw(error)  # noqa: E731
            else:
                step = lambda: self._coroutine.send(None)  # noqa: E731
            try:
                waited_for = step()
            except StopIteration:
                return
