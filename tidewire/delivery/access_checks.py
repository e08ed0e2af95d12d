"""Asks for the access of many users together, so that a crowd that comes back costs few queries.

A user that comes alone is asked about at once. Users that come while the database is answering are asked about
together: those that wait for the same stream, in one query.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tidewire.delivery.log_reader import KnownPositions
from tidewire.ground.positions import Position

CONCURRENT_BATCHES = 2
BATCH_NAMES = 500
"""Stream names of one batch: below SQLite's limit on the variables of a statement."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """One user and the streams that the user wants to read.

    `known` is what `known_positions` returned right before the batch was asked about: positions that need not be read.
    """

    user_id: str
    names: frozenset[str]
    known_positions: KnownPositions = dict
    known: Mapping[str, Position] = field(default_factory=dict)


Readable = dict[str, Position]
"""The positions of the streams that a user may read."""
Ask = Callable[[Sequence[AccessRequest]], Awaitable[Sequence[Readable]]]


class AccessChecks:
    """Gathers requests into batches. `ask` answers a batch, in its order. Used from one event loop."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._waiting: deque[tuple[AccessRequest, asyncio.Future[Readable]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._batches = 0

    async def readable_positions(
        self, user_id: str, names: Collection[str], known: KnownPositions = dict
    ) -> dict[str, Position]:
        """Returns the positions of the streams, of these, that the user may read. Raises what `ask` raises.

        `known` is called in this loop right before the user is asked about, when other answers may have made more
        positions known.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Readable] = loop.create_future()
        self._waiting.append((AccessRequest(user_id, frozenset(names), known), answer))
        if self._batches < CONCURRENT_BATCHES:
            self._batches += 1
            task = loop.create_task(self._ask_for_all())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _ask_for_all(self) -> None:
        try:
            while batch := self._next_batch():
                try:
                    answers = await self._ask(
                        [replace(request, known=request.known_positions()) for request, _ in batch]
                    )
                except asyncio.CancelledError:
                    for _, answer in batch:
                        answer.cancel()
                    raise
                except Exception as error:
                    for _, answer in batch:
                        if not answer.done():
                            answer.set_exception(error)
                    continue
                for (_, answer), readable in zip(batch, answers, strict=True):
                    if not answer.done():  # otherwise its client is gone
                        answer.set_result(readable)
                await asyncio.sleep(
                    0
                )  # callers take in their answers, which may make positions of the next batch known
        finally:
            # In the same step that found no request: one that comes in the next step must not be left waiting.
            self._batches -= 1

    def _next_batch(self) -> list[tuple[AccessRequest, asyncio.Future[Readable]]]:
        """Takes the next waiting requests, at least one if there is one."""
        batch, left = [], BATCH_NAMES
        while self._waiting and (not batch or len(self._waiting[0][0].names) <= left):
            request, answer = self._waiting.popleft()
            if not answer.done():
                batch.append((request, answer))
                left -= len(request.names)
        return batch
