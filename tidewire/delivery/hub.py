"""The hub: one per process, the only reader of the channel layer. It orders events, heals gaps, and fans out.

The layer is a nudge, the log is the truth. The hub keeps one position for each stream with subscriptions. An event that
follows it is dispatched; an older one is ignored; a newer one means that events are missing, and those are read from
the log. A poll of the streams that were written lately finds what no message announced, and a slow audit of all their
heads stands behind the poll. All three end in `_fan_out`, so every subscriber is sent every offset once and in order.

Everything here runs in one event loop and never awaits a socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from channels.layers import BaseChannelLayer
from msgspec import UNSET, Raw

from tidewire.declare.live import EVERYONE
from tidewire.delivery.access_rechecks import AccessRechecks
from tidewire.delivery.bulks import Bulks
from tidewire.delivery.delivery_times import DeliveryTimes
from tidewire.delivery.departures import Departures
from tidewire.delivery.emulation import Emulation
from tidewire.delivery.flusher import Flusher
from tidewire.delivery.log_reader import LogReader
from tidewire.delivery.revocation_log import RevocationLog, Sessions
from tidewire.delivery.roster import Roster
from tidewire.delivery.stream_state import StreamState
from tidewire.delivery.subscriptions import Subscriptions
from tidewire.delivery.tasks import Tasks
from tidewire.ground import metrics, tracing
from tidewire.ground.positions import Bulk, Entry, Position
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.streams import REVOCATIONS
from tidewire.layer.mailbox import Mailbox
from tidewire.layer.membership import Membership
from tidewire.layer.messages import Commands, Content, Ephemeral, Events, PresenceChange, PresenceChanges
from tidewire.protocol.codes import Code, Unsubscribe
from tidewire.protocol.pushes import Publication

logger = logging.getLogger(__name__)

AUDIT_CHUNK = 500
INFORMED_SECONDS = 10.0
LATE_SECONDS = 0.5
"""A poll takes its time, too: one that is this late has failed, or soon will."""
CONCURRENT_HEALS = 4
CROWDED_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds; see DEFAULTS in ground/conf.py."""

    poll: float
    touched: float
    audit: float
    heartbeat: float


class Hub:
    """The three procedures are `dispatch`, `_heal` and `_poll`."""

    def __init__(
        self,
        layer: BaseChannelLayer,
        membership: Membership,
        reader: LogReader,
        intervals: Intervals,
        *,
        subscriptions: Subscriptions,
        sessions: Sessions,
        revocations: RevocationLog,
        rechecks: AccessRechecks,
        bulks: Bulks,
        departures: Departures,
        roster: Roster,
        tasks: Tasks,
        flusher: Flusher,
    ) -> None:
        self._membership, self._reader, self._intervals = membership, reader, intervals
        self._subscriptions, self._sessions, self.revocations = subscriptions, sessions, revocations
        self._rechecks, self._roster, self._tasks = rechecks, roster, tasks
        self._bulks, self._departures = bulks, departures
        self._times = DeliveryTimes(flusher)
        self._mailbox = Mailbox(layer, membership, intervals.heartbeat, self._receive, self._on_return)
        self._healing = asyncio.Semaphore(CONCURRENT_HEALS)
        self._loop = asyncio.get_running_loop()
        self.polled_at = 0.0
        self.emulation = Emulation(membership)

    def start(self) -> None:
        """Called once, in the loop that the hub belongs to."""
        self.polled_at = self._loop.time()
        self._membership.watch(REVOCATIONS)
        self._tasks.start(self._mailbox.run())
        self._tasks.start(self._poll())
        self._tasks.start(self._audit())

    @property
    def is_deaf(self) -> bool:
        """Whether the layer is away, so that only the poll delivers."""
        return self._mailbox.is_deaf

    @property
    def is_informed(self) -> bool:
        """Whether it could read the log lately, and therefore knows which sessions and access have ended."""
        return self._loop.time() - self.polled_at < INFORMED_SECONDS

    @property
    def is_current(self) -> bool:
        """Whether it has applied the revocation log as it was one poll ago. May be asked from any thread."""
        age = self._loop.time() - self.polled_at
        is_applied = self.revocations.is_loaded and not self.revocations.is_behind
        return is_applied and age < self._intervals.poll + LATE_SECONDS

    def has_ended(self, session_id: str | None) -> bool:
        """Whether the revocation log, as far as it is applied here, ends this session. May be asked from any thread."""
        return self._sessions.has_ended(session_id)

    # -- dispatch ----------------------------------------------------------------------------------------------------

    def dispatch(self, stream: str, epoch: str, entries: Iterable[Entry]) -> None:
        """Takes in events of one stream, in their order, from the channel layer: the next one is fanned out, an older
        one is ignored, and a gap is healed from the log."""
        if stream == REVOCATIONS:
            self.revocations.announce(epoch, entries)
            return
        state = self._subscriptions.state(stream)
        if state is None:
            return
        for entry in entries:
            if self._is_next(state, epoch, entry):
                self._fan_out(state, entry)
            elif not state.is_known or (epoch == state.epoch and entry.offset > state.offset):
                # A foreign epoch is left to the poll: the log knows which one holds.
                state.head = max(state.head, entry.offset)
                self._heal_if_behind(state)

    def dispatch_own(self, recorded: Sequence[RecordedEvent]) -> None:
        """Takes in events that this process has just committed, before the layer brings them back. An event that does
        not follow the position is left to the layer, which may be about to bring the events before it. Those of a very
        large transaction are left to `_heal`."""
        too_many = self._announce_bulks(recorded)
        for event in recorded:
            if event.stream in too_many:
                continue
            entry = Entry(
                event.offset,
                event.ends_access,
                event.type,
                event.payload,
                event.revocation_offset,
                event.committed_at,
                event.trace,
            )
            if event.stream == REVOCATIONS:
                self.revocations.apply_next(event.epoch, entry)
                continue
            state = self._subscriptions.state(event.stream)
            if state is not None and self._is_next(state, event.epoch, entry):
                self._fan_out(state, entry)

    def _announce_bulks(self, recorded: Sequence[RecordedEvent]) -> set[str]:
        """Takes in the heads of the streams of which this transaction has too many events. Returns their names."""
        if not self._bulks.is_possible(len(recorded)):
            return set()
        counts = Counter(event.stream for event in recorded if event.stream != REVOCATIONS)
        too_many = {stream for stream, count in counts.items() if self._bulks.is_possible(count)}
        for event in recorded:
            state = self._subscriptions.state(event.stream) if event.stream in too_many else None
            if state is not None and event.epoch == state.epoch:
                state.head = max(state.head, event.offset)
        for stream in too_many:
            state = self._subscriptions.state(stream)
            if state is not None:
                self._heal_if_behind(state)
        return too_many

    def _is_next(self, state: StreamState, epoch: str, entry: Entry) -> bool:
        """Whether the event follows the position, is here in full, and the revocations that its writer saw are
        applied."""
        return (
            entry.offset == state.offset + 1
            and epoch == state.epoch
            and state.is_known
            and entry.payload != ""
            and self.revocations.has_applied(entry.revocation_offset)
        )

    def _fan_out(self, state: StreamState, entry: Entry) -> None:
        """Delivers the next event to all subscriptions, with one frame per group of them. Neither waits nor changes the
        registry of subscriptions. An event that may end access suspends the subscriptions that it names."""
        state.offset, state.moved_at = entry.offset, self._loop.time()
        state.head = max(state.head, entry.offset)
        count, began_at_ns = 0, tracing.now_ns()
        for (codec, channel), subscriptions in state.subscriptions.items():
            frame = codec.publication(channel, entry)
            count += len(subscriptions)
            for subscription in subscriptions:
                subscription.deliver(entry.offset, frame)
        metrics.count_dispatch(state.name, len(entry.payload), count)
        self._times.note(state.kind, entry, began_at_ns, count)
        if entry.ends_access:
            suspended = [s for s in state.all_subscriptions() if entry.ends_access in (EVERYONE, s.user_id)]
            for subscription in suspended:
                subscription.suspend()
            if suspended:
                self._rechecks.begin(state.name, suspended)

    # -- heal --------------------------------------------------------------------------------------------------------

    def _heal_if_behind(self, state: StreamState) -> None:
        if state.is_behind and not state.is_healing:
            state.is_healing = True
            self._tasks.start(self._heal(state))

    async def _heal(self, state: StreamState) -> None:
        """Reads the log until the stream is at the head that was announced. One task per stream; CONCURRENT_HEALS of
        them read at a time.

        A long gap is filled at the rate at which most subscribers read. Those that do not read are disconnected soon,
        and until then delay the others by at most CROWDED_SECONDS a page.
        """
        try:
            async with self._healing:
                while state.is_behind and self._subscriptions.state(state.name) is state:
                    bulk = await self._bulks.ahead(state)
                    if bulk is not None:
                        await self._pass_over(state, bulk)
                        continue
                    deadline = self._loop.time() + CROWDED_SECONDS
                    while state.is_crowded and self._loop.time() < deadline:  # noqa: ASYNC110  many queues, no one event
                        await asyncio.sleep(CROWDED_SECONDS / 100)
                    await self._heal_page(state)
        except Exception as error:
            logger.warning("cannot read the log, will be tried with the next poll: %s", error)
        finally:
            state.is_healing = False

    async def _pass_over(self, state: StreamState, bulk: Bulk) -> None:
        """Moves on to the end of a transaction that is too large to be pushed: its subscribers read anew."""
        await self.revocations.apply(bulk.revocation_offset)
        if bulk.last <= state.offset or self._subscriptions.state(state.name) is not state:
            return
        state.offset, state.moved_at = bulk.last, self._loop.time()
        state.head = max(state.head, bulk.last)
        state.bulk, state.clear_after = bulk, bulk.last
        self._departures.begin(state.name, state.all_subscriptions(), bulk)

    async def _heal_page(self, state: StreamState) -> None:
        offset, head = state.offset, state.head
        page = await self._reader.page(state.name, offset)
        await self.revocations.apply_for(page.entries)
        if page.head.epoch != state.epoch:
            self._restart(state, page.head, Unsubscribe.STATE_INVALIDATED)
            return
        for entry in page.entries:  # messages of the layer may have moved the position on meanwhile
            if entry.offset == state.offset + 1:
                self._fan_out(state, entry)
                metrics.healed.labels(state.kind).inc()
        if (state.offset, state.head) != (offset, head):
            return  # there is progress, or more to read by now
        if page.head.offset > state.offset:
            logger.warning("events of a %s stream were pruned before they were delivered", state.kind)
            self._restart(state, page.head, Unsubscribe.INSUFFICIENT_STATE)
        elif page.head.offset < state.offset:
            self._rewind(state, page.head)
        else:
            state.head = state.offset  # what was announced is not in the log

    def _restart(self, state: StreamState, head: Position, code: Code) -> None:
        """Starts the stream again from its head, and ends its subscriptions: their clients subscribe again and read a
        fresh state."""
        state.epoch, state.offset, state.head = head.epoch, head.offset, head.offset
        state.moved_at, state.bulk, state.clear_after = self._loop.time(), None, head.offset
        state.checked = head.offset
        for subscription in state.all_subscriptions():
            self._subscriptions.end(subscription, code)

    def _rewind(self, state: StreamState, head: Position) -> None:
        """Starts a stream again of which more was delivered than the log holds. It would ignore the next events of the
        log, because it had others with their offsets: forged ones, or some that a failover of the database lost."""
        logger.error("a %s stream ends at %d, and %d was delivered", state.kind, head.offset, state.offset)
        metrics.restarts.labels(state.kind).inc()
        self._restart(state, head, Unsubscribe.STATE_INVALIDATED)

    # -- poll --------------------------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        """Asks the log for the streams that were touched lately by any process. Part of the delivery path, not only a
        safety net. After a failure it looks back over the time in which it could not look."""
        while True:
            started = self._loop.time()
            try:
                touched = await self._reader.touched(started - self.polled_at + self._intervals.touched)
                if not self.revocations.is_loaded:
                    await self.revocations.load()
                self.polled_at = started
                for head in touched.values():
                    self.update_head(head, started)
            except Exception as error:
                logger.warning("cannot poll the log: %s", error)
            await asyncio.sleep(self._intervals.poll)

    async def look(self, seconds: float) -> None:
        """Asks the log, beside the poll, for the streams that were touched in the last `seconds`: another process may
        have written just now. Raises LogUnavailableError."""
        asked_at = self._loop.time()
        for head in (await self._reader.touched(seconds)).values():
            self.update_head(head, asked_at)

    async def _audit(self) -> None:
        """The net behind the poll: compares the heads of all streams with subscriptions, and joins all groups again."""
        while True:
            await asyncio.sleep(self._intervals.audit)
            await self._compare_heads()
            self._membership.rejoin()

    def _on_return(self) -> None:
        """The layer is back after a silence."""
        self._tasks.start(self._compare_heads())

    async def _compare_heads(self) -> None:
        streams = [REVOCATIONS, *self._subscriptions.streams()]
        for start in range(0, len(streams), AUDIT_CHUNK):
            asked_at = self._loop.time()
            try:
                heads = await self._reader.heads(streams[start : start + AUDIT_CHUNK])
            except Exception as error:
                logger.warning("cannot audit the log: %s", error)
                return
            for head in heads.values():
                self.update_head(head, asked_at)

    def update_head(self, head: Position, asked_at: float = 0.0) -> None:
        """Takes in the head of a stream as it was read from the log; `asked_at` is when, by the loop's clock. A stream
        whose position is unknown starts there; one that is behind is healed; one that was ahead of the log already when
        it was asked is started again, because it would ignore the events that the log holds next."""
        if head.channel == REVOCATIONS:
            self.revocations.update_head(head, asked_at)
            return
        state = self._subscriptions.state(head.channel)
        if state is None:
            return
        if not state.is_known:
            state.epoch, state.offset, state.moved_at = head.epoch, head.offset, self._loop.time()
            state.clear_after = head.offset
        elif state.epoch != head.epoch:
            self._restart(state, head, Unsubscribe.STATE_INVALIDATED)
        elif head.offset < state.offset and state.moved_at < asked_at:
            self._rewind(state, head)
        state.head = max(state.head, head.offset)
        self._heal_if_behind(state)

    # -- messages of the layer ---------------------------------------------------------------------------------------

    def _receive(self, content: Content) -> None:
        if isinstance(content, Events):
            self.dispatch(content.stream, content.epoch, content.entries)
        elif isinstance(content, Ephemeral):
            self.dispatch_ephemeral(content)
        elif isinstance(content, PresenceChanges):
            for change in content.changes:
                self.dispatch_presence(content.stream, change)
        elif isinstance(content, Commands):
            self.emulation.receive(content)

    def dispatch_ephemeral(self, message: Ephemeral) -> None:
        """Delivers an ephemeral message to the subscriptions that are open now."""
        state = self._subscriptions.state(message.stream)
        if state is None or not self.is_informed:
            return
        push = Publication(UNSET, Raw(message.data), info=message.info)
        for (codec, channel), subscriptions in state.subscriptions.items():
            frame = codec.push(channel, push)
            for subscription in subscriptions:
                subscription.deliver_ephemeral(frame)

    def dispatch_presence(self, stream: str, change: PresenceChange) -> None:
        """Delivers a join or a leave to the open subscriptions that follow presence."""
        state = self._subscriptions.state(stream)
        if state is None or not self.is_informed:
            return
        self._roster.apply(stream, change)
        for (codec, channel), subscriptions in state.subscriptions.items():
            frame = codec.push(channel, change)
            for subscription in subscriptions:
                subscription.deliver_presence(frame)
