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
from dataclasses import dataclass, field
from typing import Any, Protocol

from msgspec import Raw

from realtime import metrics
from realtime.codes import Unsubscribe
from realtime.frames import Codec
from realtime.live import EVERYONE
from realtime.membership import Membership
from realtime.positions import Entry, Page, Position
from realtime.publisher import EPHEMERAL_TYPE, MESSAGE_TYPE
from realtime.sessions import REMEMBER_SECONDS, Sessions
from realtime.streams import CONTROL
from realtime.subscription import Subscription

logger = logging.getLogger(__name__)

HEARTBEAT_TYPE = "tidewire.heartbeat"
AUDIT_CHUNK = 500
INFORMED_SECONDS = 10.0
EPHEMERAL_KINDS = ("pub", "join", "leave")
JOIN_SECONDS = 0.1
HEAL_TASKS = 4
PACE_SECONDS = 1.0


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


@dataclass(slots=True, eq=False)
class Watched:
    """A stream with local subscribers. `offset` is the last one dispatched; None until the head was read."""

    name: str
    epoch: str = ""
    offset: int | None = None
    head: int = 0  # the highest offset heard of
    subscriptions: dict[Codec, dict[Subscription, None]] = field(default_factory=dict)
    is_healing: bool = False

    @property
    def is_behind(self) -> bool:
        return self.offset is not None and self.offset < self.head

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]

    @property
    def is_crowded(self) -> bool:
        """More than a tenth of its readers have no room for another page."""
        readers = self.everyone()
        return 10 * sum(not reader.outbox.has_room for reader in readers) > len(readers)

    def everyone(self) -> Iterable[Subscription]:
        return [subscription for group in self.subscriptions.values() for subscription in group]


class Hub:
    """`on_fence` is called with a stream and those of its subscriptions whose access must be asked again."""

    def __init__(
        self, layer: Any, reader: LogReader, intervals: Intervals, on_fence: Callable[[str, list[Subscription]], None]
    ) -> None:
        self._layer, self._reader, self._intervals, self._on_fence = layer, reader, intervals, on_fence
        self.sessions = Sessions()
        self._control = Watched(CONTROL)
        self._watched: dict[str, Watched] = {CONTROL: self._control}
        self.on_presence: Callable[[str, str, dict[str, str]], None] = lambda stream, kind, info: None
        self._tasks: set[asyncio.Task] = set()
        self._mailbox = ""
        self._membership: Membership | None = None
        self._healing = asyncio.Semaphore(HEAL_TASKS)
        self._heard_at = 0.0
        self.polled_at = 0.0

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Called once, in the loop the hub lives in."""
        self._heard_at = self.polled_at = asyncio.get_running_loop().time()
        self._spawn(self._listen())
        self._spawn(self._poll())
        self._spawn(self._audit())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_deaf(self) -> bool:
        """Its own heartbeats do not come back: the layer is away, and only the poll delivers."""
        return asyncio.get_running_loop().time() - self._heard_at > 3 * self._intervals.heartbeat + 1

    @property
    def is_informed(self) -> bool:
        """It could read the log lately, and so knows whose session or access has ended."""
        return asyncio.get_running_loop().time() - self.polled_at < INFORMED_SECONDS

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
            if self._membership is not None:
                self._membership.watch(subscription.stream)
        watched.subscriptions.setdefault(subscription.codec, {})[subscription] = None
        return watched

    def unwatch(self, subscription: Subscription) -> None:
        watched = self._watched.get(subscription.stream)
        group = watched.subscriptions.get(subscription.codec) if watched else None
        if not group or subscription not in group:
            return
        del group[subscription]
        if not group:
            del watched.subscriptions[subscription.codec]
        if not watched.subscriptions and watched is not self._control:
            del self._watched[watched.name]
            if self._membership is not None:
                self._membership.unwatch(watched.name)

    async def joined(self, names: Collection[str]) -> None:
        """Waits, briefly, until nudges for these streams arrive here."""
        if self._membership is not None:
            await self._membership.joined(names, JOIN_SECONDS)

    def learn(self, position: Position) -> None:
        """A stream's head was read from the log. A stream seen for the first time starts there; others catch up to
        it."""
        watched = self._watched.get(position.channel)
        if watched is None or (watched is self._control and watched.offset is None):
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

    def _is_next(self, watched: Watched, epoch: str, entry: Entry) -> bool:
        """It follows what was dispatched, is here in full, and what ended before it was written has been applied."""
        return (
            watched.offset is not None
            and epoch == watched.epoch
            and entry.offset == watched.offset + 1
            and entry.payload != ""
            and self._has_applied(entry.control)
        )

    def _notice(self, watched: Watched, epoch: str, offset: int) -> None:
        """Something was written that is not at hand. A foreign epoch is left to the poll, which knows which one
        holds."""
        if watched.offset is None or epoch == watched.epoch:
            watched.head = max(watched.head, offset)
            self._heal_if_behind(watched)

    def _deliver(self, watched: Watched, entry: Entry) -> None:
        """The fan-out: one frame per encoding. `take` neither waits nor changes the registry."""
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
        if watched is self._control:
            self.sessions.apply(entry.payload)

    def _fence(self, watched: Watched, whose: str) -> None:
        fenced = [s for s in watched.everyone() if whose in (EVERYONE, s.user_id)]
        for subscription in fenced:
            subscription.fence()
        if fenced:
            self._on_fence(watched.name, fenced)

    def _restart(self, watched: Watched, position: Position) -> None:
        """The stream has a new epoch: nothing that was seen of it holds."""
        if watched is self._control:
            watched.offset = None  # read anew before anything else is delivered
            return
        watched.epoch, watched.offset, watched.head = position.epoch, position.offset, position.offset
        for subscription in watched.everyone():
            self.end(subscription, Unsubscribe.STATE_INVALIDATED)

    def end(self, subscription: Subscription, code: Any) -> None:
        self.unwatch(subscription)
        subscription.end(code)

    # -- the control log -----------------------------------------------------------------------------------------------

    def _has_applied(self, control: int) -> bool:
        return self._control.offset is not None and control <= self._control.offset

    async def apply_control(self, entries: Iterable[Entry]) -> None:
        """Applies the control log as far as the writers of these entries had seen it. Raises when it cannot be read."""
        control = max((entry.control for entry in entries), default=0)
        while not self._has_applied(control):
            if self._control.offset is None:
                await self._load_control()
            else:
                await self._advance_control()

    async def _advance_control(self) -> None:
        page = await self._reader.page(CONTROL, self._control.offset)
        entries = [entry for entry in page.entries if entry.offset == self._control.offset + 1]
        if page.head.epoch != self._control.epoch:
            self._control.offset = None
        elif not page.entries:
            raise LookupError("an event names a control offset that the control log does not have")
        self.dispatch(CONTROL, page.head.epoch, entries and page.entries)

    async def _load_control(self) -> None:
        """What ended lately, when this process did not look."""
        page = await self._reader.recent(CONTROL, REMEMBER_SECONDS)
        for entry in page.entries:
            self.sessions.apply(entry.payload)
        offset = max([page.head.offset, *(entry.offset for entry in page.entries)])
        self._control.epoch, self._control.offset = page.head.epoch, offset
        self._control.head = max(self._control.head, offset)

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
        page = await self._reader.page(watched.name, watched.offset)
        if watched is not self._control:
            await self.apply_control(page.entries)
        if page.head.epoch != watched.epoch:
            self._restart(watched, page.head)
            return
        # While the page was read, nudges may have moved the hub on.
        entries = [entry for entry in page.entries if entry.offset > watched.offset]
        for entry in entries:
            if entry.offset == watched.offset + 1:
                self._deliver(watched, entry)
                metrics.healed.labels(watched.kind).inc()
        if watched.offset < watched.head and (not entries or entries[0].offset > watched.offset + 1):
            self._lose(watched, page.head)

    def _lose(self, watched: Watched, head: Position) -> None:
        """What is missing is no longer in the log. Subscribers are told; they come back for a fresh state."""
        logger.warning("events of a %s stream were pruned before they were delivered", watched.name.partition(":")[0])
        if watched is self._control:
            watched.offset = None  # read anew before anything else is delivered
            return
        watched.offset = watched.head = head.offset
        for subscription in watched.everyone():
            self.end(subscription, Unsubscribe.INSUFFICIENT_STATE)

    # -- the three sources -------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """The one task that only receives. A receive must never be timed out or cancelled while the hub lives: the
        layer would forget the mailbox."""
        await self._open_mailbox()
        self._spawn(self._membership.run())
        self._spawn(self._heartbeat())
        while True:
            try:
                message = await self._layer.receive(self._mailbox)
                self._receive(message)
            except asyncio.CancelledError:
                raise
            except Exception as error:  # a message that cannot even be unpacked
                logger.warning("unreadable message on the channel layer: %s", error)
                await asyncio.sleep(0.01)

    async def _open_mailbox(self) -> None:
        while not self._mailbox:
            try:
                self._mailbox = await self._layer.new_channel("tidewire.hub")
            except Exception as error:
                logger.warning("channel layer unavailable, delivery goes on by polling: %s", error)
                await asyncio.sleep(self._intervals.heartbeat)
        self._membership = Membership(self._layer, self._mailbox)
        for name in self._watched:
            self._membership.watch(name)

    def _receive(self, message: Any) -> None:
        """Whatever the layer brings is untrusted: unknown types (a newer release) and wrong shapes are ignored."""
        self._heard_at = asyncio.get_running_loop().time()
        metrics.layer_received.inc()
        if not isinstance(message, dict) or message.get("v") != 1:
            return
        try:
            if message.get("type") == MESSAGE_TYPE:
                entries = [_entry(*row) for row in message["events"]]
                self.dispatch(str(message["stream"]), str(message["epoch"]), entries)
            elif message.get("type") == EPHEMERAL_TYPE:
                self.relay(str(message["stream"]), str(message["kind"]), dict(message["content"]))
        except (KeyError, TypeError, ValueError):
            logger.warning("malformed message on the channel layer")

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

    async def _heartbeat(self) -> None:
        """Writes to its own mailbox. When the heartbeats come back after a silence, much may have been missed."""
        while True:
            was_deaf = self.is_deaf
            try:
                async with asyncio.timeout(self._intervals.heartbeat):
                    await self._layer.send(self._mailbox, {"type": HEARTBEAT_TYPE})
            except Exception as error:
                logger.debug("heartbeat failed: %s", error)
            await asyncio.sleep(self._intervals.heartbeat)
            if was_deaf and not self.is_deaf:
                self._membership.rejoin()
                self._spawn(self._compare(list(self._watched)))

    async def _poll(self) -> None:
        """Streams touched lately, whoever touched them: part of the delivery path, not only a net."""
        while True:
            started = asyncio.get_running_loop().time()
            since = started - self.polled_at + self._intervals.touched
            try:
                touched = await self._reader.touched(since)
                if self._control.offset is None:
                    await self._load_control()
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
            if self._membership is not None:
                self._membership.rejoin()

    async def _compare(self, names: list[str]) -> None:
        for start in range(0, len(names), AUDIT_CHUNK):
            try:
                heads = await self._reader.heads(names[start : start + AUDIT_CHUNK])
            except Exception as error:
                logger.warning("cannot audit the log: %s", error)
                return
            for position in heads.values():
                self.learn(position)

    def readers(self) -> Iterable[tuple[str, int]]:
        """How many subscriptions each stream has here."""
        return [(w.name, sum(map(len, w.subscriptions.values()))) for w in self._watched.values() if w.subscriptions]

    # -- what others ask ---------------------------------------------------------------------------------------------

    def watched(self, name: str) -> Watched | None:
        return self._watched.get(name)

    def streams(self) -> list[str]:
        """The streams somebody here is subscribed to."""
        return [name for name in self._watched if name != CONTROL]


def _entry(offset: Any, ends_access: Any, type: Any, payload: Any, control: Any) -> Entry:
    """An entry from the layer. Raises TypeError or ValueError when the shape is wrong."""
    return Entry(int(offset), str(ends_access), str(type), str(payload), int(control))
