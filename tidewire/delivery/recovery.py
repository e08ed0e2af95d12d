"""Answers subscribes: register the subscription, read the head of its stream, read what the client missed.

What is left to send after the reply, and the opening of the subscription, is replay.py's part.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from tidewire.delivery.bulks import Bulks
from tidewire.delivery.hub import Hub
from tidewire.delivery.log_reader import LogReader, LogUnavailableError
from tidewire.delivery.pages import Pages
from tidewire.delivery.stream_state import StreamState
from tidewire.delivery.subscription import Subscription
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.ground import metrics
from tidewire.ground.positions import PAGE_BYTES, Entries, Position
from tidewire.protocol.codes import Code, ErrorCode
from tidewire.protocol.requests import SubscribeRequest

logger = logging.getLogger(__name__)

FIRST_PAGES_BYTES = PAGE_BYTES // 4
"""About so much of what was missed goes into the replies of one message; the last page may exceed it. A send queue that
has room holds as much beside live events."""


@dataclass(slots=True)
class Outcome:
    """The answer to one subscribe: an error, or the position to start from and the entries that were missed."""

    error: Code | None = None
    epoch: str = ""
    offset: int = 0
    was_recovering: bool = False
    is_recovered: bool = False
    entries: Entries = field(default_factory=Entries)


@dataclass(slots=True)
class Attempt:
    """One subscribe that is being answered."""

    subscription: Subscription
    request: SubscribeRequest
    state: StreamState
    page: Entries | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the client has missed events."""
        return not self.subscription.is_ended and self.request.recover and self.request.offset < self.state.offset

    @property
    def is_ahead(self) -> bool:
        """Whether the client has a position that the log never had, as far as is known here."""
        return self.request.recover and self.request.offset > self.state.head

    @property
    def has_same_epoch(self) -> bool:
        """No epoch means any epoch, as in the protocol's own server."""
        return self.request.epoch in ("", self.state.epoch)


class Recovery:
    """Answers the subscribes of all connections of a process."""

    def __init__(self, hub: Hub, subscriptions: Subscriptions, reader: LogReader, pages: Pages, bulks: Bulks) -> None:
        self._hub, self._subscriptions, self._reader, self._pages = hub, subscriptions, reader, pages
        self._bulks = bulks

    async def subscribe(self, user_id: str, subscribing: list[tuple[Subscription, SubscribeRequest]]) -> list[Outcome]:
        """Answers many subscribes of one user with one access query. The client has been sent nothing yet.

        The caller enqueues the replies and calls `Replays.proceed` for each subscription in one synchronous step after
        this returns. When the database is away, every outcome is a temporary error.
        """
        attempts = [Attempt(s, request, self._subscriptions.add(s)) for s, request in subscribing]
        known: dict[str, Position] = {}

        def known_positions() -> Mapping[str, Position]:
            known.update(self._known_positions(attempts))
            return known

        try:
            names = [attempt.subscription.stream for attempt in attempts]
            await self._subscriptions.joined(names)
            readable = await self._reader.readable_positions(user_id, names, known_positions)
            await self._hub.revocations.ensure_loaded()
            for name in readable.keys() - known.keys():
                self._hub.update_head(readable[name])
            await self._read_first_pages([a for a in attempts if a.subscription.stream in readable])
        except LogUnavailableError as error:  # the clients ask again
            logger.warning("cannot answer %d subscribes: %s", len(attempts), error)
            self._give_up(attempts)
            return [Outcome(error=ErrorCode.INTERNAL) for _ in attempts]
        except BaseException:
            self._give_up(attempts)
            raise
        return [self._conclude(attempt, attempt.subscription.stream in readable) for attempt in attempts]

    def _give_up(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            self._subscriptions.discard(attempt.subscription)

    def _known_positions(self, attempts: list[Attempt]) -> dict[str, Position]:
        """Returns the positions of streams that are followed here already: a crowd that subscribes to one stream then
        asks the log once. A client that is ahead of this process knows of events that have not arrived here."""
        if self._hub.is_deaf:
            return {}
        return {
            attempt.state.name: Position(attempt.state.name, attempt.state.epoch, attempt.state.offset)
            for attempt in attempts
            if attempt.state.is_known and attempt.has_same_epoch and not attempt.is_ahead
        }

    async def _read_first_pages(self, attempts: list[Attempt]) -> None:
        """Reads what clients missed, for as many streams as the client has room for at once. The other streams follow
        as pushes, at the rate at which the client reads."""
        left = FIRST_PAGES_BYTES
        behind = [attempt for attempt in attempts if attempt.is_behind and attempt.has_same_epoch]
        for attempt in behind:
            if attempt.subscription.is_shortened:
                await self._bulks.look_behind(attempt.state, attempt.request.offset)
        for attempt in behind:
            if self._is_blocked(attempt):
                continue
            if left <= 0 or not attempt.subscription.send_queue.has_room:
                return
            attempt.page = (await self._pages.read(attempt.state, attempt.request.offset)).entries
            left -= sum(len(entry.payload) for entry in attempt.page)

    def _is_blocked(self, attempt: Attempt) -> bool:
        """Whether the client would be sent too many events of one transaction: it reads anew."""
        return attempt.subscription.is_shortened and self._bulks.blocks(attempt.state, attempt.request.offset)

    def _conclude(self, attempt: Attempt, is_readable: bool) -> Outcome:
        """Decides one subscribe. Synchronous, so that the outcome still holds when the caller enqueues the reply."""
        subscription, request, state, page = attempt.subscription, attempt.request, attempt.state, attempt.page
        if not is_readable:
            self._subscriptions.discard(subscription)
            return Outcome(error=ErrorCode.PERMISSION_DENIED)
        if subscription.is_ended or not state.is_known:  # ended while the log was read: the client asks again
            return Outcome(error=ErrorCode.INTERNAL)
        if not request.recover:
            subscription.start = subscription.offset = state.offset
            return Outcome(epoch=state.epoch, offset=state.offset)

        # All or nothing: the same epoch, not ahead of the log, the next event is still in the log, and none of the
        # transactions after it is too large.
        is_continuous = not self._is_blocked(attempt)
        is_continuous &= page is None or (bool(page) and page[0].offset == request.offset + 1)
        if not attempt.has_same_epoch or attempt.is_ahead or not is_continuous:
            metrics.recoveries.labels("refused").inc()
            if request.is_rejecting_unrecoverable:
                self._subscriptions.discard(subscription)
                return Outcome(error=ErrorCode.UNRECOVERABLE_POSITION)
            subscription.start = subscription.offset = state.offset
            return Outcome(epoch=state.epoch, offset=state.offset, was_recovering=True)

        metrics.recoveries.labels("recovered").inc()
        entries = page.up_to(state.offset) if page and not subscription.suspensions else Entries()
        # What a suspended subscription missed is replayed after its access was checked.
        subscription.start = request.offset
        subscription.offset = entries[-1].offset if entries else request.offset
        metrics.recovered_events.inc(len(entries))
        # The reply names the position that the client recovers from: each entry moves the client on by itself.
        return Outcome(
            epoch=state.epoch, offset=request.offset, was_recovering=True, is_recovered=True, entries=entries
        )
