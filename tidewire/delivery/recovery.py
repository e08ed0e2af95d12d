"""Register, note the head, replay up to it, open the gate.

There is no buffer between history and live: a subscription whose gate is shut skips live events, and replays from the
log until it stands where the hub stands; then, in the same synchronous step, the gate opens. A replay never runs ahead
of the hub, so it cannot outrun an event that ends the reader's access.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from django.db import InterfaceError, OperationalError

from tidewire.delivery.access_checks import Look
from tidewire.delivery.access_rechecks import AccessRechecks
from tidewire.delivery.hub import Hub, LogReader
from tidewire.delivery.stream_state import StreamState
from tidewire.delivery.subscription import Subscription
from tidewire.ground import metrics
from tidewire.ground.conf import conf
from tidewire.ground.positions import PAGE_BYTES, Entries, Page, Position
from tidewire.protocol.codes import Code, ErrorCode, Unsubscribe
from tidewire.protocol.requests import SubscribeRequest

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
KEPT_PAGES = 32


class Admission(LogReader, Protocol):
    async def admit(self, user_id: str, names: Collection[str], look: Look) -> dict[str, Position]: ...

    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]: ...


@dataclass(slots=True)
class Outcome:
    """The answer to one subscribe: an error, or the position to start from and what was missed."""

    error: Code | None = None
    epoch: str = ""
    offset: int = 0
    was_recovering: bool = False
    is_recovered: bool = False
    entries: Entries = field(default_factory=Entries)


@dataclass(slots=True)
class Attempt:
    """One subscribe on its way."""

    subscription: Subscription
    request: SubscribeRequest
    state: StreamState
    page: Entries | None = None

    @property
    def is_behind(self) -> bool:
        """An attempt that ended while we were reading may have a stream that nobody watches any more."""
        return not self.subscription.is_ended and self.request.recover and self.request.offset < self.state.offset

    @property
    def is_ahead(self) -> bool:
        return self.request.recover and self.request.offset > self.state.head


class Recovery:
    """Subscribes and replays for all connections of a process."""

    def __init__(self, hub: Hub, reader: Admission) -> None:
        self._hub, self._reader = hub, reader
        self._rechecks = AccessRechecks(hub, reader, self.proceed)
        self._pages: dict[tuple[str, str, int | None, int], asyncio.Future[Page]] = {}
        self._replays: dict[object, deque[Subscription]] = {}
        self._tasks: set[asyncio.Task] = set()

    async def subscribe(self, user_id: str, subscribing: list[tuple[Subscription, SubscribeRequest]]) -> list[Outcome]:
        """Answers many subscribes of one user with one access query. Nothing is offered to the client yet.

        In the synchronous step in which the caller offers the replies, it calls `proceed` for each subscription.
        """
        attempts = [Attempt(s, request, self._hub.watch(s)) for s, request in subscribing]
        try:
            names = [attempt.subscription.stream for attempt in attempts]
            await self._hub.joined(names)
            known: dict[str, Position] = {}
            admitted = await self._reader.admit(user_id, names, lambda: self._known(attempts, known))
            await self._hub.revocations.apply([])
            for name in admitted.keys() - known.keys():
                self._hub.learn(admitted[name])
            behind = [a for a in attempts if a.subscription.stream in admitted and a.is_behind and _is_same_epoch(a)]
            await self._read_first_pages(behind)
        except (OperationalError, InterfaceError) as error:  # the database is away: the clients ask again
            logger.warning("cannot answer %d subscribes: %s", len(attempts), error)
            self._give_up(attempts)
            return [Outcome(error=ErrorCode.INTERNAL) for _ in attempts]
        except BaseException:
            self._give_up(attempts)
            raise
        return [self._conclude(attempt, admitted.get(attempt.subscription.stream)) for attempt in attempts]

    def proceed(self, subscription: Subscription) -> None:
        """Opens the gate, or goes on replaying in the background until it can be opened."""
        subscription.is_answered = True
        if not subscription.is_ended and not self._open(subscription):
            self._replay(subscription)

    def start(self) -> None:
        """Called once, in the loop it lives in."""
        self._spawn(self._rechecks.audit(conf.ACCESS_SECONDS))

    def on_access_doubt(self, stream: str, suspended: list[Subscription]) -> None:
        """Events were dispatched that may have ended the access of these subscriptions."""
        self._spawn(self._rechecks.recheck(stream, suspended))

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _give_up(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            self._hub.unwatch(attempt.subscription)

    # -- steps of subscribe ------------------------------------------------------------------------------------------

    def _known(self, attempts: list[Attempt], known: dict[str, Position]) -> dict[str, Position]:
        """Where streams stand that are followed here already: a crowd that comes to one asks the log once. Whoever is
        further on than we are has read what we have not heard of."""
        for attempt in attempts if not self._hub.is_deaf else ():
            state = attempt.state
            if state.offset is not None and _is_same_epoch(attempt) and not attempt.is_ahead:
                known[state.name] = Position(state.name, state.epoch, state.offset)
        return known

    async def _read_first_pages(self, attempts: list[Attempt]) -> None:
        """As many as the client has room for at once; the other streams follow as pushes, at the pace it reads."""
        left = PAGE_BYTES // 4
        for attempt in attempts:
            if left <= 0 or not attempt.subscription.send_queue.has_room:
                return
            attempt.page = (await self._page(attempt.state, attempt.request.offset)).entries
            left -= sum(len(entry.payload) for entry in attempt.page)

    async def _page(self, state: StreamState, offset: int) -> Page:
        """A page of the log, with the control log applied as far as its writers had seen it.

        A crowd that comes back to one stream asks for the same pages: a few are kept until their stream moves on.
        """
        key = (state.name, state.epoch, state.offset, offset)
        reading = self._pages.get(key)
        if reading is None:
            reading = self._pages[key] = asyncio.ensure_future(self._reader.page(state.name, offset))
            if len(self._pages) > KEPT_PAGES:
                del self._pages[next(iter(self._pages))]
        try:
            page = await asyncio.shield(reading)
        except Exception:
            self._pages.pop(key, None)
            raise
        await self._hub.revocations.apply(page.entries)
        return page

    def _conclude(self, attempt: Attempt, position: Position | None) -> Outcome:
        """Synchronous: what it decides still holds when the caller offers the reply."""
        subscription, request, state = attempt.subscription, attempt.request, attempt.state
        if position is None:
            self._hub.unwatch(subscription)
            return Outcome(error=ErrorCode.PERMISSION_DENIED)
        if subscription.is_ended:  # restarted, or access lost, while we were reading: the client asks again
            return Outcome(error=ErrorCode.INTERNAL)
        if not request.recover:
            subscription.offset = state.offset
            return Outcome(epoch=state.epoch, offset=state.offset)
        if not self._is_recoverable(attempt):
            return self._refuse(attempt)
        return self._recover(attempt)

    def _is_recoverable(self, attempt: Attempt) -> bool:
        """All or nothing: same epoch, not ahead of the log, and the next event is still in it."""
        if not _is_same_epoch(attempt) or attempt.is_ahead:
            return False
        page = attempt.page
        return page is None or (bool(page) and page[0].offset == attempt.request.offset + 1)

    def _refuse(self, attempt: Attempt) -> Outcome:
        metrics.recoveries.labels("refused").inc()
        subscription, state = attempt.subscription, attempt.state
        if attempt.request.is_rejecting_unrecoverable:
            self._hub.unwatch(subscription)
            return Outcome(error=ErrorCode.UNRECOVERABLE_POSITION)
        subscription.offset = state.offset
        return Outcome(epoch=state.epoch, offset=state.offset, was_recovering=True)

    def _recover(self, attempt: Attempt) -> Outcome:
        """The reply names the position recovered from: each publication moves the client on by itself."""
        subscription, request, state = attempt.subscription, attempt.request, attempt.state
        metrics.recoveries.labels("recovered").inc()
        subscription.offset = request.offset
        entries = Entries() if subscription.suspensions or not attempt.page else attempt.page.up_to(state.offset)
        if entries:
            subscription.offset = entries[-1].offset
            metrics.recovered_events.inc(len(entries))
        return Outcome(
            epoch=state.epoch, offset=request.offset, was_recovering=True, is_recovered=True, entries=entries
        )

    # -- opening -----------------------------------------------------------------------------------------------------

    def _open(self, subscription: Subscription) -> bool:
        state = self._hub.state(subscription.stream)
        if state is None or subscription.suspensions or subscription.offset < state.offset:
            return False
        subscription.is_open = True
        return True

    def _replay(self, subscription: Subscription) -> None:
        """Queues a subscription for replay. One task per connection, one page per turn: its streams share the room."""
        queue = self._replays.get(subscription.send_queue)
        if queue is None:
            queue = self._replays[subscription.send_queue] = deque()
            self._spawn(self._replay_all(subscription.send_queue, queue))
        if subscription not in queue:
            queue.append(subscription)

    async def _replay_all(self, send_queue: object, queue: deque[Subscription]) -> None:
        try:
            while queue:
                subscription = queue.popleft()
                if subscription.is_ended or subscription.suspensions or self._open(subscription):
                    continue  # a fenced one comes back when its access was confirmed
                await self._replay_page(subscription)
                queue.append(subscription)
        finally:
            del self._replays[send_queue]

    async def _replay_page(self, subscription: Subscription) -> None:
        await subscription.send_queue.room()
        if subscription.is_ended:
            return
        state = self._hub.state(subscription.stream)
        if state is None:
            return
        try:
            page = await self._page(state, subscription.offset)
        except Exception as error:
            logger.warning("cannot replay, will be tried again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
            return
        if subscription.is_ended or subscription.suspensions or subscription.is_open:
            return
        entries = page.entries.up_to(state.offset)
        if entries and entries[0].offset == subscription.offset + 1:
            for entry, frame in zip(entries, self._pushes(subscription, entries), strict=True):
                subscription.replay(entry.offset, frame)
            metrics.recovered_events.inc(len(entries))
        elif subscription.offset < state.offset:  # pruned under us
            self._hub.end(subscription, Unsubscribe.INSUFFICIENT_STATE)

    @staticmethod
    def _pushes(subscription: Subscription, entries: Entries) -> list[bytes]:
        """A frame for each, built once for all who are shown the same page."""
        codec, stream = subscription.codec, subscription.stream
        return entries.once((codec, "push"), lambda entries: [codec.publication(stream, entry) for entry in entries])

    def _spawn(self, work) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _is_same_epoch(attempt: Attempt) -> bool:
    """No epoch means any epoch, as in the protocol's own server."""
    return attempt.request.epoch in ("", attempt.state.epoch)
