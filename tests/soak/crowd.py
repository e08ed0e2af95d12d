"""Many sockets in one thread with one selector, without an SDK: for more sockets and events than an SDK can handle.

Sockets that are refused or cut reconnect as SDKs do: after a random time that doubles, from their position.
"""

from __future__ import annotations

import heapq
import json
import random
import re
import selectors
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.soak.stalled import PATH, handshake, text_frame

BACKOFF_SECONDS = (0.2, 8.0)
PONG = text_frame("{}")
OFFSET = re.compile(rb'"offset":\s*(\d+)')


@dataclass
class Dialect:
    """The messages of one system. `hello` gives the frames to send once a socket is open; the socket is ready after a
    frame for which `is_ready(text)`; the bytes `event` occur once in every event."""

    path: str
    hello: Callable[[Member], list[str]]
    is_ready: Callable[[bytes], bool]
    event: bytes


@dataclass(eq=False)
class Member:
    """One socket of the crowd, over all its connections."""

    number: int
    token: str
    offset: int = 0
    epoch: str = ""
    socket: socket.socket | None = None
    state: str = "away"  # connecting, upgrading, waiting, ready
    buffer: bytearray = field(default_factory=bytearray)
    attempts: int = 0
    events: int = 0
    last_offset: int = 0
    gaps: int = 0
    ready_at: float = 0.0
    is_recovered: bool | None = None


def tidewire(stream: str) -> Dialect:
    """Returns the dialect of Tidewire for one stream. A member with a position recovers from it."""

    def hello(member: Member) -> list[str]:
        subscribe: dict[str, Any] = {"channel": stream}
        if member.epoch:
            subscribe |= {"recover": True, "epoch": member.epoch, "offset": member.last_offset}
        commands = {"id": 1, "connect": {"token": member.token}}, {"id": 2, "subscribe": subscribe}
        return ["\n".join(map(json.dumps, commands))]

    return Dialect(PATH, hello, lambda text: b'"id":2' in text.replace(b" ", b""), b'"pub":')


class Crowd:
    """`size` sockets. Only `wait` runs the selector: outside of it, nothing is sent or read."""

    def __init__(self, ports: list[int], tokens: list[str], size: int, dialect: Dialect) -> None:
        self._ports, self._dialect = ports, dialect
        self.members = [Member(number, tokens[number % len(tokens)]) for number in range(size)]
        self._selector = selectors.DefaultSelector()
        self._due: list[tuple[float, int, Member]] = []
        self._tie = count()
        self.connects = self.failures = 0
        self.events = self.bytes = 0

    # -- what a test calls ---------------------------------------------------------------------------------------------

    def come(self, spread: float = 0.0) -> None:
        """Connects every member that is away, within `spread` seconds."""
        now = time.monotonic()
        for member in self.members:
            if member.state == "away":
                self._schedule(member, now + random.uniform(0, spread))

    def go(self) -> None:
        """Closes every socket at once, without a close frame."""
        for member in self.members:
            self._drop(member)
        self._due.clear()

    @property
    def ready(self) -> int:
        return sum(member.state == "ready" for member in self.members)

    def wait(self, is_done: Callable[[], bool], timeout: float) -> float:
        """Runs the selector until `is_done`. Returns the seconds it took. Raises TimeoutError."""
        began = time.monotonic()
        while not is_done():
            now = time.monotonic()
            if now - began > timeout:
                raise TimeoutError(
                    f"{self.ready} of {len(self.members)} ready after {timeout:.0f} s, {self.failures} failed attempts"
                )
            self._open_due(now)
            for key, mask in self._selector.select(0.02):
                self._handle(key.data, mask)
        return time.monotonic() - began

    # -- one member ----------------------------------------------------------------------------------------------------

    def _schedule(self, member: Member, at: float) -> None:
        heapq.heappush(self._due, (at, next(self._tie), member))

    def _open_due(self, now: float) -> None:
        while self._due and self._due[0][0] <= now:
            member = heapq.heappop(self._due)[2]
            if member.state == "away":
                self._open(member)

    def _open(self, member: Member) -> None:
        self.connects += 1
        member.attempts += 1
        member.socket = socket.socket()
        member.socket.setblocking(False)
        member.buffer.clear()
        member.is_recovered = None
        member.state = "connecting"
        member.socket.connect_ex(("127.0.0.1", self._port(member)))
        self._selector.register(member.socket, selectors.EVENT_WRITE, member)

    def _port(self, member: Member) -> int:
        return self._ports[(member.number + member.attempts) % len(self._ports)]

    def _handle(self, member: Member, mask: int) -> None:
        try:
            if member.state == "connecting":
                self._upgrade(member)
            else:
                self._read(member)
        except (OSError, ConnectionError):
            self._come_back(member)

    def _upgrade(self, member: Member) -> None:
        assert member.socket is not None
        if error := member.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise ConnectionError(error)
        member.socket.sendall(handshake(self._port(member), self._dialect.path))
        member.state = "upgrading"
        self._selector.modify(member.socket, selectors.EVENT_READ, member)

    def _read(self, member: Member) -> None:
        assert member.socket is not None
        data = member.socket.recv(262_144)
        if not data:
            raise ConnectionError("closed")
        self.bytes += len(data)
        member.buffer += data
        if member.state == "upgrading":
            self._finish_upgrade(member)
        if member.state in ("waiting", "ready"):
            self._read_frames(member)

    def _finish_upgrade(self, member: Member) -> None:
        end = member.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        if b" 101 " not in bytes(member.buffer[:20]):
            raise ConnectionError("refused")
        del member.buffer[: end + 4]
        member.state = "waiting"
        assert member.socket is not None
        member.socket.sendall(b"".join(map(text_frame, self._dialect.hello(member))))

    def _read_frames(self, member: Member) -> None:
        buffer, start = member.buffer, 0
        while (found := _frame(buffer, start)) is not None:
            opcode, begin, end = found
            start = end
            if opcode == 8:
                raise ConnectionError("closed with a code")
            if opcode == 1:
                self._receive(member, bytes(buffer[begin:end]))
        del buffer[:start]

    def _receive(self, member: Member, text: bytes) -> None:
        if text == b"{}" or text.startswith(b"{}\n") or text.endswith(b"\n{}") or b"\n{}\n" in text:
            assert member.socket is not None
            member.socket.sendall(PONG)
        events = text.count(self._dialect.event)
        member.events += events
        self.events += events
        if member.state == "waiting" and self._dialect.is_ready(text):
            member.state, member.ready_at = "ready", time.monotonic()
            self._learn(member, text)
        elif events and member.epoch:
            self._follow(member, text)

    def _learn(self, member: Member, text: bytes) -> None:
        """Reads the reply to subscribe, if the frame holds one: epoch, offset, recovered publications."""
        for line in text.splitlines():
            reply = json.loads(line)
            if "subscribe" not in reply:
                continue
            result = reply["subscribe"]
            member.is_recovered = result.get("recovered", False)
            publications = result.get("publications", [])
            if not member.epoch:
                member.last_offset = result.get("offset", 0)
            member.epoch = result.get("epoch", "")
            member.events += len(publications)
            for publication in publications:
                self._step(member, publication["offset"])

    def _follow(self, member: Member, text: bytes) -> None:
        for line in text.splitlines():
            if self._dialect.event in line and (match := OFFSET.search(line)):
                self._step(member, int(match[1]))

    def _step(self, member: Member, offset: int) -> None:
        member.gaps += offset != member.last_offset + 1
        member.last_offset = offset

    def _come_back(self, member: Member) -> None:
        self.failures += member.state != "ready"
        self._drop(member)
        low, high = BACKOFF_SECONDS
        self._schedule(member, time.monotonic() + random.uniform(low, min(high, low * 2 ** min(member.attempts, 6))))

    def _drop(self, member: Member) -> None:
        if member.socket is not None:
            self._selector.unregister(member.socket)
            member.socket.close()
        member.socket, member.state = None, "away"


def _frame(buffer: bytearray, start: int) -> tuple[int, int, int] | None:
    """Returns (opcode, begin, end) of the frame that starts here; None when it is not complete."""
    have = len(buffer) - start
    if have < 2:
        return None
    size, head = buffer[start + 1] & 0x7F, 2
    if size == 126:
        if have < 4:
            return None
        size, head = int.from_bytes(buffer[start + 2 : start + 4]), 4
    elif size == 127:
        if have < 10:
            return None
        size, head = int.from_bytes(buffer[start + 2 : start + 10]), 10
    if have < head + size:
        return None
    return buffer[start] & 0x0F, start + head, start + head + size
