"""Members who come: each connects, subscribes, may recover, may read the newest page, and may leave again.

The client is a few threads with plain sockets, because it shares its core with the databases and must cost little. It
speaks just enough: one handshake, one frame with `connect` and `subscribe`, one GET.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.writers import Line

EVENTS = 20
"""That a member missed, and recovers."""
PAGE = 50
SECONDS = 60.0
"""How long a member waits for an answer."""

SETUP = """
import json
from api.auth import sessions
from api.models import Member, Message, Room, User
from tidewire.snapshots import position
users = User.objects.bulk_create(User(email=f"member{n}@example.com", name=f"member {n}") for n in range(%d))
room = Room.objects.create(name="hall", kind="private")
Member.objects.bulk_create([Member(room=room, user=user, role="member", read_from=0) for user in users], batch_size=500)
for number in range(%d):
    Message.objects.create(room=room, author=users[number %% len(users)], text=f"{number} " + "x" * 190)
here = position(f"room:{room.pk}")
print(json.dumps([[str(room.pk), here.epoch, here.offset], [sessions.sign_in_as(user)["access"] for user in users]]))
"""
"""Fills a database with so many members of one room and messages in it. Prints the room with its position, and a token
for each member."""


@dataclass
class Hall:
    """The room where they meet, with its position, and a token for each of the members."""

    room: str
    epoch: str
    offset: int
    tokens: list[str]

    @classmethod
    def read(cls, printed: str) -> Hall:
        """Returns what SETUP has printed."""
        room, tokens = json.loads(printed.strip().splitlines()[-1])
        return cls(*room, tokens)


@dataclass(frozen=True)
class Visit:
    """What each member does between its connect and its leaving."""

    recovers: bool = False
    reads: bool = False
    stays: bool = True


@dataclass
class Visits:
    """What all of them met. `errors` holds the first words of each failure."""

    count: int
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    errors: list[str] = field(default_factory=list)
    sockets: list[socket.socket] = field(default_factory=list)

    def leave(self) -> None:
        """Ends the visits of those who stayed."""
        for each in self.sockets:
            _close(each)
        self.sockets.clear()


def visit(port: int, hall: Hall, visits: int, what: Visit, together: int) -> Visits:
    """Lets so many members come, `together` at a time, each with its own token as far as there are enough."""
    done, numbers, lock = Visits(visits), iter(range(visits)), threading.Lock()

    def come() -> None:
        for number in _each(numbers, lock):
            try:
                if (stayed := _visit(port, hall, hall.tokens[number % len(hall.tokens)], what)) is not None:
                    done.sockets.append(stayed)
            except (OSError, AssertionError) as error:
                done.errors.append(repr(error)[:200])

    threads = [threading.Thread(target=come) for _ in range(together)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done.seconds = time.monotonic() - done.began
    return done


def _each(numbers: Iterator[int], lock: threading.Lock) -> Iterator[int]:
    """Yields the numbers that no other thread has taken."""
    while True:
        with lock:
            number = next(numbers, None)
        if number is None:
            return
        yield number


def _visit(port: int, hall: Hall, token: str, what: Visit) -> socket.socket | None:
    """Is one member. Returns the socket of one who stays. Raises AssertionError for a wrong answer."""
    link = socket.create_connection(("127.0.0.1", port), SECONDS)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.sendall(
        f"GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    head, _, received = _until(link, b"", b"\r\n\r\n").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101"), head[:100]
    recover = {"recover": True, "epoch": hall.epoch, "offset": hall.offset - EVENTS} if what.recovers else {}
    commands = [
        {"id": 1, "connect": {"token": token}},
        {"id": 2, "subscribe": {"channel": f"room:{hall.room}", **recover}},
    ]
    link.sendall(_frame("\n".join(map(json.dumps, commands))))
    reply = _reply(link, received)
    if what.recovers:
        recovered = len(reply["subscribe"].get("publications", ())) if "subscribe" in reply else None
        assert recovered == EVENTS, (recovered, str(reply)[:200])
    assert "error" not in reply, reply
    if what.reads:
        _read(port, hall, token)
    if what.stays:
        return link
    _close(link)
    return None


def _reply(link: socket.socket, received: bytes) -> dict[str, Any]:
    """Returns the reply to the second command."""
    while True:
        received = _frame_in(link, received)
        size, start = _size(received)
        for line in received[start : start + size].splitlines():
            reply = json.loads(line)
            if reply.get("id") == 2 or "error" in reply or "push" in reply:
                return reply
        received = received[start + size :]


def _frame_in(link: socket.socket, received: bytes) -> bytes:
    """Receives until there is a whole frame."""
    while len(received) < 2 or len(received) < sum(_size(received.ljust(10, b"\0"))):
        more = link.recv(65536)
        assert more, "the server hung up"
        received += more
    return received


def _size(frame: bytes) -> tuple[int, int]:
    """Returns the size of the content of an unmasked frame, and where it begins."""
    if frame[1] < 126:
        return frame[1], 2
    width = 2 if frame[1] == 126 else 8
    return int.from_bytes(frame[2 : 2 + width], "big"), 2 + width


def _read(port: int, hall: Hall, token: str) -> None:
    """Reads the newest page on a connection of its own."""
    line = Line(port)
    status, body = line.answer(
        f"GET /api/v1/rooms/{hall.room}/messages/?limit={PAGE} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    line.close()
    assert (status, len(json.loads(body).get("results", ()))) == (200, PAGE), (status, body[:200])


def _until(link: socket.socket, received: bytes, end: bytes) -> bytes:
    while end not in received:
        more = link.recv(65536)
        assert more, "the server hung up"
        received += more
    return received


def _frame(text: str) -> bytes:
    """Returns a masked text frame; its mask of zeros changes nothing."""
    data = text.encode()
    length = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0x80 | 126]) + len(data).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


def _close(link: socket.socket) -> None:
    """Closes with WebSocket's close handshake."""
    link.sendall(b"\x88\x82" + bytes(4) + (1000).to_bytes(2, "big"))
    while link.recv(65536):
        pass
    link.close()
