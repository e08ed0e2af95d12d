"""The loop of a worker: looks for work often and cheaply, takes turns, and sends what they return.

The worker needs no channel layer. It asks the database many times a second whether anything was written, which costs
one small query (SQLite: reading a counter in memory), so an event is on its way some milliseconds after COMMIT in every
size. Any number of workers run, on any number of machines.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from uuid import UUID

from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.log.database import log_alias
from tidewire.webhooks import lag, leases, turns
from tidewire.webhooks.discovery import Discovery
from tidewire.webhooks.leases import Signs
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.sender import Sender
from tidewire.webhooks.tables import WebhookDelivery
from tidewire.webhooks.turns import Turned, Work

FULL_SECONDS = 1.0
"""How often a turn looks at all positions, not only at streams that were written to lately; and renews its leases."""
AWAY_SECONDS = 0.5
"""Between two tries while the database is away."""
STUCK_SECONDS = 120.0
"""A loop that has not turned for so long does not turn any more: above each timeout of the database."""
LAG_SECONDS = 15.0
"""How often the gauges are set."""
DISCOVERY_SHARE = 10.0
"""Looking for new streams takes at most one part in so many of the time."""

logger = logging.getLogger(__name__)


class Worker:
    """Delivers until it is stopped. Belongs to one event loop."""

    def __init__(self, reader: Reader | None = None, sender: Sender | None = None) -> None:
        self.name = secrets.token_hex(16)
        self._reader, self._sender = reader or Reader(1), sender or Sender()
        self._discovery = Discovery()
        self._under_way: dict[asyncio.Task[None], Message] = {}
        self._outcomes: list[Outcome] = []
        self._in_a_row: Counter[int] = Counter()
        self._wake = asyncio.Event()
        self._signs = Signs()
        self._is_stopping = self._is_discovering = False
        self._full_at = self._discover_at = self._lag_at = 0.0
        self._turned_at = time.monotonic()
        self._retry_at = float("inf")

    def stop(self) -> None:
        """Begins no more attempts. `run` returns when those under way have ended and are stored."""
        self._is_stopping = True
        self._wake.set()

    @property
    def is_alive(self) -> bool:
        """Whether the loop of `run` has turned lately, whatever the database says. May be asked by any thread."""
        return time.monotonic() - self._turned_at < STUCK_SECONDS

    async def run(self) -> None:
        """Works until `stop` was called."""
        loop = asyncio.get_running_loop()
        metrics.begin_at_zero(metrics.webhook_attempts, WebhookDelivery.State.values)
        try:
            while not (self._is_stopping and not self._under_way and not self._outcomes):
                self._turned_at = time.monotonic()
                try:
                    is_due = await self._is_due()
                    has_more = is_due and await self._turn()
                except Exception as error:
                    logger.warning("webhooks cannot be worked on, will be tried again: %s", error)
                    await asyncio.sleep(AWAY_SECONDS)
                    continue
                if not has_more:
                    await self._pause(loop)
        finally:
            for task in list(self._under_way):
                task.cancel()
            await self._sender.close()
            self._reader.close()

    async def _pause(self, loop: asyncio.AbstractEventLoop) -> None:
        """Waits for an outcome, or until it is time to look again."""
        if self._outcomes:
            return
        seconds = max(0.0, min(conf.WEBHOOK_POLL_SECONDS, self._retry_at - loop.time()))
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass
        self._wake.clear()

    async def _is_due(self) -> bool:
        """Returns whether a turn has something to do."""
        now = asyncio.get_running_loop().time()
        if self._outcomes and now < self._full_at:
            return True
        signs = await self._reader.watch(leases.look, log_alias(), self._signs)
        is_changed, self._signs = signs != self._signs, signs
        is_full = now >= self._full_at
        self._is_discovering |= is_changed or is_full
        if now >= self._lag_at:
            self._lag_at = now + LAG_SECONDS
            await self._reader.run(lag.measure_webhooks, log_alias())
            metrics.run_samplers()
        return bool(self._outcomes) or is_changed or signs.is_requested or is_full or now >= self._retry_at

    async def _turn(self) -> bool:
        """Takes a turn and begins to send its messages. Returns whether the next turn should follow at once."""
        loop = asyncio.get_running_loop()
        is_full = loop.time() >= self._full_at or loop.time() >= self._retry_at
        outcomes, self._outcomes = self._outcomes, []
        self._wake.clear()
        work = Work(
            outcomes=outcomes,
            busy=Counter[UUID](message.endpoint for message in self._under_way.values()),
            in_a_row=self._in_a_row,
            under_way=[m.position for m in self._under_way.values() if m.position is not None],
            renews=is_full and bool(self._under_way),
            claims=not self._is_stopping,
            only_touched=not is_full,
            is_requested=self._signs.is_requested,
        )
        try:
            turned: Turned = await self._reader.run(turns.take, self.name, work)
        except LogUnavailableError:
            self._outcomes = outcomes + self._outcomes
            raise
        except Exception:
            # A turn that always fails with these outcomes must not stop all others. What they were of is sent again.
            logger.exception("the outcomes of %d attempts cannot be stored", len(outcomes))
            raise
        if is_full:
            self._full_at, self._retry_at = loop.time() + FULL_SECONDS, float("inf")
        if turned.next_seconds is not None:
            self._retry_at = min(self._retry_at, loop.time() + max(0.0, turned.next_seconds))
        self._begin(turned.messages, {outcome.message.position for outcome in outcomes})
        return await self._discover() or turned.has_more

    async def _discover(self) -> bool:
        """Looks for new streams, after what is known was sent. Returns whether there are some."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._is_discovering or now < self._discover_at or self._is_stopping:
            return False
        self._is_discovering = False
        found = await self._reader.run(self._discovery.look)
        self._discover_at = loop.time() + (loop.time() - now) * DISCOVERY_SHARE
        return found > 0

    def _begin(self, messages: list[Message], settled: set[int | None]) -> None:
        going_on = {message.position for message in messages} & settled
        for position in settled - going_on:
            self._in_a_row.pop(position or 0, None)
        for message in messages:
            if message.position is not None:
                self._in_a_row[message.position] += 1
            task = asyncio.create_task(self._send(message))
            self._under_way[task] = message
            task.add_done_callback(self._under_way.pop)

    async def _send(self, message: Message) -> None:
        outcome = await self._sender.send(message)
        if message.committed_at is not None:
            metrics.webhook_seconds.observe(max(0.0, (outcome.at - message.committed_at).total_seconds()))
        self._outcomes.append(outcome)
        self._wake.set()
