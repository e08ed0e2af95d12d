"""The delivery side without a database, a server or Redis: a log in memory, and clients that keep their messages."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from channels.layers import InMemoryChannelLayer

from tidewire.delivery.connections import Connections
from tidewire.delivery.flusher import Flusher
from tidewire.delivery.hub import Intervals
from tidewire.delivery.log_reader import KnownPositions
from tidewire.delivery.presence_stores import MemoryStore
from tidewire.delivery.send_queue import Limits, SendQueue
from tidewire.delivery.subscription import Subscription
from tidewire.engine.engine import Engine
from tidewire.ground.positions import PAGE_BYTES, PAGE_EVENTS, Bulk, Entries, Entry, Page, Position
from tidewire.ground.streams import REVOCATIONS
from tidewire.ground.timer_wheel import TimerWheel
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.pushes import ClientInfo

WAIT_SECONDS = 5.0
NEVER = 3600.0
QUIET = Intervals(poll=NEVER, touched=10, audit=NEVER, heartbeat=NEVER)
LIMITS = Limits(unread_bytes=1024 * 1024, mark_bytes=128 * 1024, pong_seconds=NEVER)


async def until(condition: Callable[[], object]) -> None:
    """Waits until the condition is true. The loop runs meanwhile; no time must pass."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)


async def settled() -> None:
    """Waits until everything has happened that needs no time to pass."""
    for _ in range(50):
        await asyncio.sleep(0)


# -- the log ---------------------------------------------------------------------------------------------------------


@dataclass
class Stored:
    """One stream of the log."""

    epoch: str
    head: int = 0
    entries: list[Entry] = field(default_factory=list)
    bulks: list[Bulk] = field(default_factory=list)


class Log:
    """Stands in for engine/reader.py: an event log in memory. `members` says which users may read a stream; `*` is any.

    Between `hold` and `release` answers are held back that were read before. If `error` is set it is raised instead.
    `calls` holds all calls: (method, *arguments).
    """

    def __init__(self) -> None:
        self.streams: dict[str, Stored] = {}
        self.members: dict[str, set[str]] = defaultdict(lambda: {"*"})
        self.calls: list[tuple[Any, ...]] = []
        self.error: Exception | None = None
        self.exhausted: set[str] = set()  # users whose quota is used up
        self.is_blind = False  # `touched` finds nothing
        self.logged: list[Any] = []  # states of connections that were written
        self._is_released = asyncio.Event()
        self._is_released.set()

    async def may_command(self, identity: Any) -> bool:
        return identity.user_id not in self.exhausted

    async def write_logbook(self, process: Any, states: Any) -> None:
        self.logged += states

    async def may_ask(self, address: str) -> bool:
        return address not in self.exhausted

    async def identify(self, look_up: Any) -> Any:
        return look_up()

    def stored(self, name: str) -> Stored:
        return self.streams.setdefault(name, Stored(f"epoch-{len(self.streams)}"))

    def write(self, name: str, count: int = 1, *, size: int = 0, **fields: Any) -> list[Entry]:
        """Commits `count` events, whose data names their offset. `size` fills each up to so many bytes."""
        stream, entries = self.stored(name), []
        for _ in range(count):
            stream.head += 1
            payload = json.dumps({"type": "item.changed", "data": {"offset": stream.head, "fill": ""}})
            payload = payload.replace('"fill": ""', f'"fill": "{"x" * max(0, size - len(payload))}"')
            entries.append(
                Entry(
                    **{"offset": stream.head, "ends_access": "", "type": "item.changed", "payload": payload, **fields}
                )
            )
        stream.entries += entries
        return entries

    def write_bulk(self, name: str, count: int, ends_access: str = "", **fields: Any) -> list[Entry]:
        """Commits `count` events in one transaction; the last may end access."""
        entries = [*self.write(name, count - 1, **fields), *self.write(name, ends_access=ends_access, **fields)]
        ended = frozenset({ends_access} - {""})
        self.stored(name).bulks.append(
            Bulk(entries[0].offset, entries[-1].offset, ended, entries[-1].revocation_offset)
        )
        return entries

    def end_session(self, session_id: str) -> int:
        """Revokes a session. Returns the revocation offset."""
        payload = json.dumps({"type": "sessions.revoked", "data": {"user": "alice", "sessions": [session_id]}})
        return self.write(REVOCATIONS, payload=payload)[0].offset

    def prune(self, name: str, first_kept: int) -> None:
        self.stored(name).entries = [entry for entry in self.stored(name).entries if entry.offset >= first_kept]

    def lose(self, name: str, kept: int) -> None:
        """Loses the events after the first `kept`, as a failover to a standby that lags does."""
        stream = self.stored(name)
        stream.entries, stream.head = stream.entries[:kept], kept

    def renew(self, name: str) -> None:
        """Gives the stream another epoch, as after a restore."""
        self.stored(name).epoch += "+"

    def position(self, name: str) -> Position:
        return Position(name, self.stored(name).epoch, self.stored(name).head)

    def hold(self) -> None:
        self._is_released.clear()

    def release(self) -> None:
        self._is_released.set()

    def asked(self, what: str) -> int:
        return sum(call[0] == what for call in self.calls)

    # -- as a LogReader ----------------------------------------------------------------------------------------------

    async def heads(self, names: Collection[str]) -> dict[str, Position]:
        found = {name: self.position(name) for name in names if name in self.streams}
        return await self._answer("heads", found, sorted(names))

    async def touched(self, seconds: float) -> dict[str, Position]:
        found = {} if self.is_blind else {name: self.position(name) for name in list(self.streams)}
        return await self._answer("touched", found, seconds)

    async def page(self, name: str, offset: int, limit: int = PAGE_EVENTS) -> Page:
        found, size = [], 0
        for entry in self.stored(name).entries:
            if entry.offset > offset and len(found) < limit:
                size += len(entry.payload)
                if found and size > PAGE_BYTES:
                    break
                found.append(entry)
        return await self._answer("page", Page(self.position(name), Entries(found)), name, offset)

    async def bulk(self, name: str, offset: int, most: int) -> Bulk | None:
        found = [bulk for bulk in self.stored(name).bulks if bulk.last - max(offset, bulk.first - 1) > most]
        return await self._answer("bulk", found[-1] if found else None, name, offset, most)

    async def page_before(self, name: str, offset: int | None, limit: int) -> Page:
        before = [entry for entry in self.stored(name).entries if offset is None or entry.offset < offset]
        return await self._answer("page_before", Page(self.position(name), Entries(before[::-1][:limit])), name, offset)

    async def recent(self, name: str, seconds: float) -> Page:
        return await self._answer("recent", Page(self.position(name), Entries(self.stored(name).entries)), name)

    async def positions(self, names: Collection[str]) -> dict[str, Position]:
        return await self._answer("positions", {name: self.position(name) for name in names}, sorted(names))

    async def readable_positions(
        self, user_id: str, names: Collection[str], known: KnownPositions = dict
    ) -> dict[str, Position]:
        positions = known()
        found = {name for name in names if self.members[name] & {user_id, "*"}}
        readable = {name: positions.get(name) or self.position(name) for name in found}
        return await self._answer("readable_positions", readable, user_id, sorted(names))

    async def readers(self, stream: str, user_ids: Collection[str]) -> set[str]:
        members = self.members[stream]
        found = set(user_ids) if "*" in members else members & set(user_ids)
        return await self._answer("readers", found, stream, sorted(user_ids))

    async def _answer(self, what: str, answer: Any, *arguments: Any) -> Any:
        self.calls.append((what, *arguments))
        if self.error is not None:
            raise self.error
        await asyncio.sleep(0)  # a thread answers in a later turn of the loop
        await self._is_released.wait()
        if self.error is not None:
            raise self.error
        return answer

    def close(self) -> None:
        pass


# -- an engine -------------------------------------------------------------------------------------------------------


def engine_on(log: Log, *, intervals: Intervals = QUIET, max_per_user: int = 0, authenticate: Any = None) -> Engine:
    """Returns an engine that reads this log, with its layer and its presence in memory. It is not started."""
    return Engine(
        layer=InMemoryChannelLayer(),
        reader=log,
        presence_store=MemoryStore(),
        connections=Connections(max_per_user),
        authenticate=authenticate,
        intervals=intervals,
    )


# -- a client --------------------------------------------------------------------------------------------------------


class Client:
    """A socket that keeps the messages it is sent. It answers pings only in `read_all`."""

    def __init__(self, user: str = "alice", limits: Limits = LIMITS, codec: Codec = JSON) -> None:
        self.user, self.codec = user, codec
        self.messages: list[bytes] = []
        self.closed_with: list[int] = []
        self.forgotten: list[str] = []
        loop = asyncio.get_running_loop()
        self.send_queue = SendQueue(codec, self._send, self._close, limits, Flusher(loop), TimerWheel(loop))

    async def _send(self, message: bytes) -> None:
        self.messages.append(message)

    def _close(self, code: Code) -> None:
        """Keeps the first code, as a connection that ends once."""
        self.closed_with = self.closed_with or [code.code]

    def subscription(self, stream: str, is_following_presence: bool = False) -> Subscription:
        info = ClientInfo(self.user, f"client of {self.user}")
        return Subscription(
            stream, info, self.send_queue, self.codec, lambda s: self.forgotten.append(s.stream), is_following_presence
        )

    @property
    def frames(self) -> list[dict[str, Any]]:
        """All JSON objects that it was sent."""
        return [json.loads(line) for message in self.messages for line in message.split(b"\n")]

    def pushes(self, stream: str) -> list[Any]:
        """Returns what it was sent of a stream, in order: offsets of events, and ("unsubscribe", code)."""
        pushes: list[Any] = []
        for frame in self.frames:
            push = frame.get("push", {})
            if push.get("channel") == stream and "pub" in push:
                pushes.append(push["pub"]["offset"])
            elif push.get("channel") == stream and "unsubscribe" in push:
                pushes.append(("unsubscribe", push["unsubscribe"]["code"]))
        return pushes

    def read_all(self) -> None:
        """Answers every ping so far."""
        while self.send_queue.pong():
            pass
