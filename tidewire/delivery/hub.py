"""One per process: the only reader of the channel layer. It orders, heals, and fans out to local connections.

The layer is a nudge, the log is the truth. The hub keeps one position per watched stream. An event that follows it is
dispatched; an older one is ignored; a newer one means that something is missing, and what is missing is read from the
log. A poll of the streams touched lately finds what no nudge announced, a slow audit of all watched heads stands behind
the poll. All three end in the same place, so every subscriber sees every offset once and in order.

Everything here runs in one event loop and never awaits a socket; registries are changed in single synchronous steps.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import UNSET, Raw

from tidewire.declare.live import EVERYONE
from tidewire.delivery.revocation_log import RevocationLog
from tidewire.delivery.stream_state import StreamState
from tidewire.delivery.subscription import Subscription
from tidewire.ground import metrics
from tidewire.ground.positions import Entry, Page, Position
from tidewire.ground.streams import REVOCATIONS
from tidewire.layer.mailbox import Mailbox
from tidewire.layer.membership import Membership
from tidewire.layer.messages import Ephemeral, Events, Received
from tidewire.protocol.codes import Unsubscribe
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush, Publication, Push

if TYPE_CHECKING:
    from tidewire.ground.recorded import Recorded

logger = logging.getLogger(__name__)

AUDIT_CHUNK = 500
INFORMED_SECONDS = 10.0
LATE_SECONDS = 0.5
"""A poll takes its time, too: one that is this late has failed, or soon will."""
JOIN_SECONDS = 0.1
HEAL_TASKS = 4
PACE_SECONDS = 1.0
STOP_SECONDS, STOP_TRIES = 2.0, 10


class LogReader(Protocol):
    """What the hub reads when it must heal. See reader.Reader."""

    async def heads(self, names: Collection[str]) -> dict[str, Position]: ...

    async def touched(self, seconds: float) -> dict[str, Position]: ...

    async def page(self, name: str, offset: int) -> Page: ...

    async def recent(self, name: str, seconds: float) -> Page: ...


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds; see conf.DEFAULTS."""

    poll: float
    touched: float
    audit: float
    heartbeat: float


class Hub:
    """`on_fence` is called with a stream and those of its subscriptions whose access must be asked again."""

    def __init__(
        self,
        layer: Any,
        reader: LogReader,
        intervals: Intervals,
        on_access_doubt: Callable[[str, list[Subscription]], None],
    ) -> None:
        self._reader, self._intervals, self._on_access_doubt = reader, intervals, on_access_doubt
        self.on_presence: Callable[[str, str, dict[str, str]], None] = lambda stream, kind, info: None
        self.revocations = RevocationLog(reader)
        self._states: dict[str, StreamState] = {REVOCATIONS: self.revocations.state}
        self._groups = Membership(layer)
        self._mailbox = Mailbox(layer, self._groups, intervals.heartbeat, self.receive, on_return=self._on_return)
        self._groups.watch(REVOCATIONS)
        self._tasks: set[asyncio.Task] = set()
        self._healing = asyncio.Semaphore(HEAL_TASKS)
        self._loop = asyncio.get_running_loop()
        self.polled_at = 0.0

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Called once, in the loop the hub lives in."""
        self.polled_at = asyncio.get_running_loop().time()
        self._spawn(self._mailbox.run())
        self._spawn(self._poll())
        self._spawn(self._audit())

    async def stop(self) -> None:
        """Cancels until all have ended, though not for ever: redis-py swallows a cancellation that comes while it
        connects, and whoever waited for such a task would wait for good."""
        for _ in range(STOP_TRIES):
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=STOP_SECONDS / STOP_TRIES)

    @property
    def is_deaf(self) -> bool:
        """The layer is away, and only the poll delivers."""
        return self._mailbox.is_deaf

    @property
    def is_informed(self) -> bool:
        """It could read the log lately, and so knows whose session or access has ended."""
        return asyncio.get_running_loop().time() - self.polled_at < INFORMED_SECONDS

    @property
    def is_current(self) -> bool:
        """It has applied the control log as it was one poll ago. Asked from any thread."""
        age = self._loop.time() - self.polled_at
        return (
            self.revocations.is_loaded
            and not self.revocations.state.is_behind
            and age < self._intervals.poll + LATE_SECONDS
        )

    def has_ended(self, session_id: str | None) -> bool:
        """Whether the control log, as far as it is applied here, ends this session. Asked from any thread."""
        return self.revocations.sessions.has_ended(session_id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- registry ----------------------------------------------------------------------------------------------------

    def watch(self, subscription: Subscription) -> StreamState:
        """Registers a subscription; from this step on its fences are noticed."""
        state = self._states.get(subscription.stream)
        if state is None:
            state = self._states[subscription.stream] = StreamState(subscription.stream)
            self._groups.watch(subscription.stream)
        state.add(subscription)
        return state

    def unwatch(self, subscription: Subscription) -> None:
        state = self._states.get(subscription.stream)
        if state is None:
            return
        state.discard(subscription)
        if not state.subscriptions and state is not self.revocations.state:
            del self._states[state.name]
            self._groups.unwatch(state.name)

    async def joined(self, names: Collection[str]) -> None:
        """Waits, briefly, until nudges for these streams arrive here."""
        await self._groups.joined(names, JOIN_SECONDS)

    def state(self, name: str) -> StreamState | None:
        return self._states.get(name)

    def streams(self) -> list[str]:
        """The streams somebody here is subscribed to."""
        return [name for name in self._states if name != REVOCATIONS]

    def readers(self) -> Iterable[tuple[str, int]]:
        """How many subscriptions each stream has here."""
        return [(w.name, sum(map(len, w.subscriptions.values()))) for w in self._states.values() if w.subscriptions]

    def learn(self, position: Position) -> None:
        """A stream's head was read from the log. A stream seen for the first time starts there; others catch up to
        it."""
        state = self._states.get(position.channel)
        if state is None or (state is self.revocations.state and not self.revocations.is_loaded):
            return
        if state.offset is None:
            state.epoch, state.offset = position.epoch, position.offset
        elif state.epoch != position.epoch:
            self._restart(state, position)
        state.head = max(state.head, position.offset)
        self._heal_if_behind(state)

    # -- dispatch ----------------------------------------------------------------------------------------------------

    def dispatch(self, name: str, epoch: str, entries: Iterable[Entry]) -> None:
        """Events of one stream, in order: those that follow the hub's position go out, a gap sends it to the log."""
        state = self._states.get(name)
        if state is None:
            return
        for entry in entries:
            if state.offset is not None and entry.offset <= state.offset and epoch == state.epoch:
                continue
            if self._is_next(state, epoch, entry):
                self._deliver(state, entry)
            else:
                self._notice(state, epoch, entry.offset)

    def dispatch_own(self, recorded: Iterable[Recorded]) -> None:
        """What this process has just committed, without the layer's detour. What does not follow is left to the
        layer, which may be about to bring what comes before it."""
        for event in recorded:
            state = self._states.get(event.stream)
            if state is None:
                continue
            entry = Entry(event.offset, event.ends_access, event.type, event.payload, event.revocation_offset)
            if self._is_next(state, event.epoch, entry):
                self._deliver(state, entry)

    def _is_next(self, state: StreamState, epoch: str, entry: Entry) -> bool:
        """It follows what was dispatched, is here in full, and what ended before it was written has been applied."""
        return (
            state.offset is not None
            and epoch == state.epoch
            and entry.offset == state.offset + 1
            and entry.payload != ""
            and self.revocations.has_applied(entry.revocation_offset)
        )

    def _notice(self, state: StreamState, epoch: str, offset: int) -> None:
        """Something was written that is not at hand. A foreign epoch is left to the poll, which knows which one
        holds."""
        if state.offset is None or epoch == state.epoch:
            state.head = max(state.head, offset)
            self._heal_if_behind(state)

    def _deliver(self, state: StreamState, entry: Entry) -> None:
        """The fan-out: one frame per encoding. `take` neither waits nor changes the registry."""
        if state is self.revocations.state:
            self.revocations.take(entry)
            return
        state.offset = entry.offset
        state.head = max(state.head, entry.offset)
        count = 0
        for codec, subscriptions in state.subscriptions.items():
            frame = codec.publication(state.name, entry)
            count += len(subscriptions)
            for subscription in subscriptions:
                subscription.take(entry.offset, frame)
        metrics.count_dispatch(state.name, len(entry.payload), count)
        if entry.ends_access:
            self._suspend(state, entry.ends_access)

    def _suspend(self, state: StreamState, whose: str) -> None:
        suspended = [s for s in state.everyone() if whose in (EVERYONE, s.user_id)]
        for subscription in suspended:
            subscription.suspend()
        if suspended:
            self._on_access_doubt(state.name, suspended)

    def _restart(self, state: StreamState, position: Position) -> None:
        """The stream has a new epoch: nothing that was seen of it holds."""
        if state is self.revocations.state:
            self.revocations.lose()
            return
        state.epoch, state.offset, state.head = position.epoch, position.offset, position.offset
        for subscription in state.everyone():
            self.end(subscription, Unsubscribe.STATE_INVALIDATED)

    def end(self, subscription: Subscription, code: Any) -> None:
        self.unwatch(subscription)
        subscription.end(code)

    # -- healing -----------------------------------------------------------------------------------------------------

    def _heal_if_behind(self, state: StreamState) -> None:
        if state.is_behind and not state.is_healing:
            state.is_healing = True
            self._spawn(self._heal(state))

    async def _heal(self, state: StreamState) -> None:
        """Reads the log until the hub is at the head it heard of. One at a time per stream, a few per process."""
        try:
            async with self._healing:
                while state.is_behind and self._states.get(state.name) is state:
                    await self._let_read(state)
                    await self._heal_page(state)
        except Exception as error:
            logger.warning("cannot read the log, will be tried with the next poll: %s", error)
        finally:
            state.is_healing = False

    async def _let_read(self, state: StreamState) -> None:
        """A long gap goes out at the speed at which most of its readers read. Those that stall are cut off soon, and
        hold the others up for no more than PACE_SECONDS a page until then."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PACE_SECONDS
        while state.is_crowded and loop.time() < deadline:  # noqa: ASYNC110  readers, and no one event
            await asyncio.sleep(PACE_SECONDS / 100)

    async def _heal_page(self, state: StreamState) -> None:
        asked, heard = state.offset, state.head
        page = await self._reader.page(state.name, asked)
        if state is not self.revocations.state:
            await self.revocations.apply(page.entries)
        if page.head.epoch != state.epoch:
            self._restart(state, page.head)
            return
        # While the page was read, nudges may have moved the hub on.
        entries = [entry for entry in page.entries if entry.offset > state.offset]
        for entry in entries:
            if entry.offset == state.offset + 1:
                self._deliver(state, entry)
                metrics.healed.labels(state.kind).inc()
        if state.offset == asked and state.head == heard:  # otherwise there is more to read by now
            self._account_for(state, page)

    def _account_for(self, state: StreamState, page: Page) -> None:
        """A page that did not help: what follows was pruned, or what was heard of is not there."""
        if page.head.offset > state.offset:
            self._lose(state, page.head)
        else:
            state.head = state.offset

    def _lose(self, state: StreamState, head: Position) -> None:
        """What is missing is no longer in the log. Subscribers are told; they come back for a fresh state."""
        logger.warning("events of a %s stream were pruned before they were delivered", state.name.partition(":")[0])
        if state is self.revocations.state:
            self.revocations.lose()
            return
        state.offset = state.head = head.offset
        for subscription in state.everyone():
            self.end(subscription, Unsubscribe.INSUFFICIENT_STATE)

    # -- the three sources -------------------------------------------------------------------------------------------

    def receive(self, message: Received) -> None:
        """Handles a message of the layer."""
        if isinstance(message, Events):
            self.dispatch(message.stream, message.epoch, message.entries)
        elif isinstance(message, Ephemeral):
            self.relay(message.stream, "pub", {"data": message.data, "info": message.info})
        else:
            for change in message.changes:
                self.relay(message.stream, change.kind, {"info": change.info})

    def relay(self, name: str, kind: str, content: dict[str, Any]) -> None:
        """What has no offset: a signal ("pub"), a join or a leave. It goes to whoever listens now, or nowhere."""
        state = self._states.get(name)
        if state is None or not self.is_informed:
            return
        info = ClientInfo(str(content["info"]["user"]), str(content["info"]["client"]))
        if kind == "pub":
            push: Push = Publication(UNSET, Raw(str(content["data"])), info=info)
        else:
            self.on_presence(name, kind, content["info"])
            push = JoinPush(info) if kind == "join" else LeavePush(info)
        for codec, subscriptions in state.subscriptions.items():
            frame = codec.push(name, push)
            for subscription in subscriptions:
                subscription.hear(kind, frame)

    def _on_return(self) -> None:
        self._spawn(self._compare(list(self._states)))

    async def _poll(self) -> None:
        """Streams touched lately, whoever touched them: part of the delivery path, not only a net."""
        while True:
            started = asyncio.get_running_loop().time()
            since = started - self.polled_at + self._intervals.touched
            try:
                touched = await self._reader.touched(since)
                if not self.revocations.is_loaded:
                    await self.revocations.load()
                self.polled_at = started
                for position in touched.values():
                    self.learn(position)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                logger.warning("cannot poll the log: %s", error)
            await asyncio.sleep(self._intervals.poll)

    async def _audit(self) -> None:
        """The net behind the poll: the heads of everything watched, and group membership anew."""
        while True:
            await asyncio.sleep(self._intervals.audit)
            await self._compare(list(self._states))
            self._groups.rejoin()

    async def _compare(self, names: list[str]) -> None:
        for start in range(0, len(names), AUDIT_CHUNK):
            try:
                heads = await self._reader.heads(names[start : start + AUDIT_CHUNK])
            except Exception as error:
                logger.warning("cannot audit the log: %s", error)
                return
            for position in heads.values():
                self.learn(position)
