"""Asks about all who wait at the same time: a crowd that comes back is admitted in batches.

Who comes alone is asked about at once. Those who come while the database answers are asked about together: where they
stand at one stream, in one query for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tidewire.ground.positions import Position

ASKING = 2
"""Batches on their way at once."""
NAMES = 500
"""Of one batch: below SQLite's bound on the variables of a statement."""


Look = Callable[[], Mapping[str, Position]]


@dataclass(frozen=True, slots=True)
class Request:
    """A user before these streams. `look` says of which of them it is known already where they stand."""

    user_id: str
    names: frozenset[str]
    look: Look = dict
    known: Mapping[str, Position] = field(default_factory=dict)  # what it said when they were asked about


Admitted = dict[str, Position]
Ask = Callable[[Sequence[Request]], Awaitable[Sequence[Admitted]]]


class AccessChecks:
    """`ask` answers many requests, in their order. Used from one event loop."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._waiting: deque[tuple[Request, asyncio.Future[Admitted]]] = deque()
        self._tasks: set[asyncio.Task] = set()
        self._asking = 0

    async def admit(self, user_id: str, names: Collection[str], look: Look = dict) -> Admitted:
        """Positions of those of these streams that the user may read. Raises what asking raises.

        `look` is called, in this loop, right before the user is asked about: it answers positions of those streams that
        need not be read for that.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Admitted] = loop.create_future()
        self._waiting.append((Request(user_id, frozenset(names), look), answer))
        if self._asking < ASKING:
            self._asking += 1
            task = loop.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work(self) -> None:
        try:
            await self._ask_all()
        finally:
            self._asking -= 1  # in the step that found nobody: who comes in the next one must not be left waiting

    async def _ask_all(self) -> None:
        while batch := self._batch():
            try:
                answers = await self._ask([replace(request, known=request.look()) for request, _ in batch])
            except asyncio.CancelledError:
                for _, answer in batch:
                    answer.cancel()
                raise
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for (_, answer), admitted in zip(batch, answers, strict=True):
                if not answer.done():  # otherwise its client is gone
                    answer.set_result(admitted)
            await asyncio.sleep(0)  # whoever was answered may know more, now, of what the next are asked about

    def _batch(self) -> list[tuple[Request, asyncio.Future[Admitted]]]:
        """The next who wait; at least one, if there is one."""
        batch, left = [], NAMES
        while self._waiting and (not batch or len(self._waiting[0][0].names) <= left):
            waiting = self._waiting.popleft()
            if not waiting[1].done():
                batch.append(waiting)
                left -= len(waiting[0].names)
        return batch
