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

from msgspec import Raw

from realtime import metrics
from realtime.codes import Unsubscribe
from realtime.control_log import ControlLog
from realtime.live import EVERYONE
from realtime.mailbox import Mailbox
from realtime.positions import Entry, Page, Position
from realtime.publisher import EPHEMERAL_TYPE, MESSAGE_TYPE, PRESENCE_TYPE
from realtime.streams import CONTROL
from realtime.subscription import Subscription
from realtime.watched import Watched

if TYPE_CHECKING:
    from realtime.event_log import Recorded

logger = logging.getLogger(__name__)

AUDIT_CHUNK = 500
INFORMED_SECONDS = 10.0
LATE_SECONDS = 0.5
"""A poll takes its time, too: one that is this late has failed, or soon will."""
EPHEMERAL_KINDS = ("pub", "join", "leave")
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
        self, layer: Any, reader: LogReader, intervals: Intervals, on_fence: Callable[[str, list[Subscription]], None]
    ) -> None:
        self._reader, self._intervals, self._on_fence = reader, intervals, on_fence
        self.on_presence: Callable[[str, str, dict[str, str]], None] = lambda stream, kind, info: None
        self.control = ControlLog(reader)
        self._watched: dict[str, Watched] = {CONTROL: self.control.watched}
        self._mailbox = Mailbox(layer, intervals.heartbeat, self.receive, on_return=self._on_return)
        self._groups = self._mailbox.membership
        self._groups.watch(CONTROL)
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
            self.control.is_loaded and not self.control.watched.is_behind and age < self._intervals.poll + LATE_SECONDS
        )

    def has_ended(self, session_id: str | None) -> bool:
        """Whether the control log, as far as it is applied here, ends this session. Asked from any thread."""
        return self.control.sessions.has_ended(session_id)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- registry ----------------------------------------------------------------------------------------------------

    def watch(self, subscription: Subscription) -> Watched:
        """Registers a subscription; from this step on its fences are noticed."""
        watched = self._watched.get(subscription.stream)
        if watched is None:
            watched = self._watched[subscription.stream] = Watched(subscription.stream)
            self._groups.watch(subscription.stream)
        watched.add(subscription)
        return watched

    def unwatch(self, subscription: Subscription) -> None:
        watched = self._watched.get(subscription.stream)
        if watched is None:
            return
        watched.discard(subscription)
        if not watched.subscriptions and watched is not self.control.watched:
            del self._watched[watched.name]
            self._groups.unwatch(watched.name)

    async def joined(self, names: Collection[str]) -> None:
        """Waits, briefly, until nudges for these streams arrive here."""
        await self._groups.joined(names, JOIN_SECONDS)

    def watched(self, name: str) -> Watched | None:
        return self._watched.get(name)

    def streams(self) -> list[str]:
        """The streams somebody here is subscribed to."""
        return [name for name in self._watched if name != CONTROL]

    def readers(self) -> Iterable[tuple[str, int]]:
        """How many subscriptions each stream has here."""
        return [(w.name, sum(map(len, w.subscriptions.values()))) for w in self._watched.values() if w.subscriptions]

    def learn(self, position: Position) -> None:
        """A stream's head was read from the log. A stream seen for the first time starts there; others catch up to
        it."""
        watched = self._watched.get(position.channel)
        if watched is None or (watched is self.control.watched and not self.control.is_loaded):
            return
        if watched.offset is None:
            watched.epoch, watched.offset = position.epoch, position.offset
        elif watched.epoch != position.epoch:
            self._restart(watched, position)
        watched.head = max(watched.head, position.offset)
        self._heal_if_behind(watched)

    # -- dispatch ----------------------------------------------------------------------------------------------------

    def dispatch(self, name: str, epoch: str, entries: Iterable[Entry]) -> None:
        """Events of one stream, in order: those that follow the hub's position go out, a gap sends it to the log."""
        watched = self._watched.get(name)
        if watched is None:
            return
        for entry in entries:
            if watched.offset is not None and entry.offset <= watched.offset and epoch == watched.epoch:
                continue
            if self._is_next(watched, epoch, entry):
                self._deliver(watched, entry)
            else:
                self._notice(watched, epoch, entry.offset)

    def take_own(self, recorded: Iterable[Recorded]) -> None:
        """What this process has just committed, without the layer's detour. What does not follow is left to the
        layer, which may be about to bring what comes before it."""
        for event in recorded:
            watched = self._watched.get(event.stream)
            if watched is None:
                continue
            entry = Entry(event.offset, event.ends_access, event.type, event.payload, event.control)
            if self._is_next(watched, event.epoch, entry):
                self._deliver(watched, entry)

    def _is_next(self, watched: Watched, epoch: str, entry: Entry) -> bool:
        """It follows what was dispatched, is here in full, and what ended before it was written has been applied."""
        return (
            watched.offset is not None
            and epoch == watched.epoch
            and entry.offset == watched.offset + 1
            and entry.payload != ""
            and self.control.has_applied(entry.control)
        )

    def _notice(self, watched: Watched, epoch: str, offset: int) -> None:
        """Something was written that is not at hand. A foreign epoch is left to the poll, which knows which one
        holds."""
        if watched.offset is None or epoch == watched.epoch:
            watched.head = max(watched.head, offset)
            self._heal_if_behind(watched)

    def _deliver(self, watched: Watched, entry: Entry) -> None:
        """The fan-out: one frame per encoding. `take` neither waits nor changes the registry."""
        if watched is self.control.watched:
            self.control.take(entry)
            return
        watched.offset = entry.offset
        watched.head = max(watched.head, entry.offset)
        count = 0
        for codec, subscriptions in watched.subscriptions.items():
            frame = codec.publication(watched.name, entry)
            count += len(subscriptions)
            for subscription in subscriptions:
                subscription.take(entry.offset, frame)
        metrics.count_dispatch(watched.name, len(entry.payload), count)
        if entry.ends_access:
            self._fence(watched, entry.ends_access)

    def _fence(self, watched: Watched, whose: str) -> None:
        fenced = [s for s in watched.everyone() if whose in (EVERYONE, s.user_id)]
        for subscription in fenced:
            subscription.fence()
        if fenced:
            self._on_fence(watched.name, fenced)

    def _restart(self, watched: Watched, position: Position) -> None:
        """The stream has a new epoch: nothing that was seen of it holds."""
        if watched is self.control.watched:
            self.control.lose()
            return
        watched.epoch, watched.offset, watched.head = position.epoch, position.offset, position.offset
        for subscription in watched.everyone():
            self.end(subscription, Unsubscribe.STATE_INVALIDATED)

    def end(self, subscription: Subscription, code: Any) -> None:
        self.unwatch(subscription)
        subscription.end(code)

    # -- healing -----------------------------------------------------------------------------------------------------

    def _heal_if_behind(self, watched: Watched) -> None:
        if watched.is_behind and not watched.is_healing:
            watched.is_healing = True
            self._spawn(self._heal(watched))

    async def _heal(self, watched: Watched) -> None:
        """Reads the log until the hub is at the head it heard of. One at a time per stream, a few per process."""
        try:
            async with self._healing:
                while watched.is_behind and self._watched.get(watched.name) is watched:
                    await self._let_read(watched)
                    await self._heal_page(watched)
        except Exception as error:
            logger.warning("cannot read the log, will be tried with the next poll: %s", error)
        finally:
            watched.is_healing = False

    async def _let_read(self, watched: Watched) -> None:
        """A long gap goes out at the speed at which most of its readers read. Those that stall are cut off soon, and
        hold the others up for no more than PACE_SECONDS a page until then."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PACE_SECONDS
        while watched.is_crowded and loop.time() < deadline:  # noqa: ASYNC110  readers, and no one event
            await asyncio.sleep(PACE_SECONDS / 100)

    async def _heal_page(self, watched: Watched) -> None:
        asked, heard = watched.offset, watched.head
        page = await self._reader.page(watched.name, asked)
        if watched is not self.control.watched:
            await self.control.apply(page.entries)
        if page.head.epoch != watched.epoch:
            self._restart(watched, page.head)
            return
        # While the page was read, nudges may have moved the hub on.
        entries = [entry for entry in page.entries if entry.offset > watched.offset]
        for entry in entries:
            if entry.offset == watched.offset + 1:
                self._deliver(watched, entry)
                metrics.healed.labels(watched.kind).inc()
        if watched.offset == asked and watched.head == heard:  # otherwise there is more to read by now
            self._account_for(watched, page)

    def _account_for(self, watched: Watched, page: Page) -> None:
        """A page that did not help: what follows was pruned, or what was heard of is not there."""
        if page.head.offset > watched.offset:
            self._lose(watched, page.head)
        else:
            watched.head = watched.offset

    def _lose(self, watched: Watched, head: Position) -> None:
        """What is missing is no longer in the log. Subscribers are told; they come back for a fresh state."""
        logger.warning("events of a %s stream were pruned before they were delivered", watched.name.partition(":")[0])
        if watched is self.control.watched:
            self.control.lose()
            return
        watched.offset = watched.head = head.offset
        for subscription in watched.everyone():
            self.end(subscription, Unsubscribe.INSUFFICIENT_STATE)

    # -- the three sources -------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        """A nudge from the layer. Unknown types (a newer release) are ignored. Raises KeyError, TypeError or ValueError
        for what has not the right shape."""
        if not isinstance(message, dict) or message.get("v") != 1:
            return
        if message.get("type") == MESSAGE_TYPE:
            entries = [_entry(*row) for row in message["events"]]
            self.dispatch(str(message["stream"]), str(message["epoch"]), entries)
        elif message.get("type") == EPHEMERAL_TYPE:
            self.relay(str(message["stream"]), str(message["kind"]), dict(message["content"]))
        elif message.get("type") == PRESENCE_TYPE:
            for kind, info in message["changes"]:
                self.relay(str(message["stream"]), str(kind), {"info": dict(info)})

    def relay(self, name: str, kind: str, content: dict[str, Any]) -> None:
        """What has no offset: a signal ("pub"), a join or a leave. It goes to whoever listens now, or nowhere."""
        watched = self._watched.get(name)
        if watched is None or kind not in EPHEMERAL_KINDS or not self.is_informed:
            return
        if kind == "pub":
            content = content | {"data": Raw(str(content["data"]).encode())}
        else:
            self.on_presence(name, kind, content["info"])
        for codec, subscriptions in watched.subscriptions.items():
            frame = codec.push(name, kind, content)
            for subscription in subscriptions:
                subscription.hear(kind, frame)

    def _on_return(self) -> None:
        self._spawn(self._compare(list(self._watched)))

    async def _poll(self) -> None:
        """Streams touched lately, whoever touched them: part of the delivery path, not only a net."""
        while True:
            started = asyncio.get_running_loop().time()
            since = started - self.polled_at + self._intervals.touched
            try:
                touched = await self._reader.touched(since)
                if not self.control.is_loaded:
                    await self.control.load()
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
            await self._compare(list(self._watched))
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


def _entry(offset: Any, ends_access: Any, type: Any, payload: Any, control: Any) -> Entry:
    """An entry from the layer. Raises TypeError or ValueError when the shape is wrong."""
    return Entry(int(offset), str(ends_access), str(type), str(payload), int(control))
