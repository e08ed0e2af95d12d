"""Clients that cost an HTTP server as much as they can: each attacks one address for some seconds, and then lets go.

All of them are functions `(target, seconds) -> Toll` that block. A test runs them in a thread beside its victim, and
tests/fairness in a process. They use plain sockets: a proper client would read its answers. A connection that the
server ends is opened again, as a stubborn client would do.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import httpx

LONG_TEXT = "é" * 4000
PAUSE_SECONDS = 0.05
HANDSHAKE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
ENDED_STATES = (7, 8)  # TCP_CLOSE after a reset, TCP_CLOSE_WAIT after the server's end


class Target(Protocol):
    """Where to attack. `address` is what a proxy would write into X-Forwarded-For ("": there is no proxy), `source` the
    address of this machine to attack from ("": any); `token` belongs to an account of the attacker ("": none)."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def token(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Server:
    """A target, for tests."""

    port: int
    host: str = "127.0.0.1"
    address: str = ""
    token: str = ""
    source: str = ""


@dataclass(slots=True)
class Toll:
    """What an attack got: connections that were opened, and how they were answered or ended."""

    opened: int = 0
    ended: int = 0
    answers: Counter[int] = field(default_factory=Counter)


def pipeline_unread(target: Target, seconds: float, connections: int = 1, path: str = "") -> Toll:
    """Sends 400 requests for a long answer at once on each connection, and reads nothing."""
    path = path or long_path(target)
    return _hold(target, seconds, connections, 400 * request(target, "GET", path), receive_buffer=4096)


def leave_unread(target: Target, seconds: float, connections: int = 200, path: str = "") -> Toll:
    """Asks for one long answer on each connection, and reads nothing."""
    path = path or long_path(target)
    return _hold(target, seconds, connections, request(target, "GET", path), receive_buffer=4096)


def drip_bodies(target: Target, seconds: float, connections: int = 400, size: int = 1024 * 1024 - 1) -> Toll:
    """Sends a body up to its last byte on each connection, and never that."""
    lines = ("Content-Type: application/json", f"Content-Length: {size + 1}")
    return _hold(target, seconds, connections, request(target, "POST", "/api/v1/token/", *lines) + b" " * size)


def stay_idle(target: Target, seconds: float, connections: int = 2000) -> Toll:
    """Makes one request on each connection, and keeps it open."""
    return _hold(target, seconds, connections, request(target, "GET", "/healthz"))


def stay_silent(target: Target, seconds: float, connections: int = 2000) -> Toll:
    """Opens connections, and sends nothing on them."""
    return _hold(target, seconds, connections, b"")


def hammer_handshakes(target: Target, seconds: float) -> Toll:
    """Opens WebSockets one after the other, as fast as one client can, and leaves each of them at once."""
    toll = Toll()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), _connect(target) as connection:
            toll.opened += 1
            connection.sendall(request(target, "GET", "/connection/websocket", *HANDSHAKE))
            toll.answers[_status(connection.recv(1024))] += 1
    return toll


def long_path(target: Target) -> str:
    """Returns a path with a long answer: with an account, a page of messages (0.8 MiB) that are written for it. Its
    bytes are made for each answer, while those of the documents are there once."""
    if not target.token:
        return "/api/schema/"
    with httpx.Client(base_url=f"http://{target.host}:{target.port}/api/v1/", trust_env=False, timeout=30) as http:
        http.headers["Authorization"] = f"Bearer {target.token}"
        http.headers.update({"X-Forwarded-For": target.address} if target.address else {})
        room = http.post("rooms/", json={"name": "long", "kind": "private"}).raise_for_status().json()["id"]
        http.post(f"rooms/{room}/messages/batch/", json=[{"text": LONG_TEXT}] * 100).raise_for_status()
    return f"/api/v1/rooms/{room}/messages/?limit=100"


def request(target: Target, method: str, path: str, *lines: str) -> bytes:
    """Returns the head of a request."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", *lines]
    head += [f"X-Forwarded-For: {target.address}"] if target.address else []
    head += [f"Authorization: Bearer {target.token}"] if target.token else []
    return "\r\n".join((*head, "", "")).encode()


def _hold(target: Target, seconds: float, connections: int, sent: bytes, receive_buffer: int = 0) -> Toll:
    """Keeps so many connections open on which `sent` was sent and nothing was read."""
    toll, held = Toll(), []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        while len(held) < connections and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                held.append(_begin(target, sent, receive_buffer))
                toll.opened += 1
        ended = [connection for connection in held if _is_ended(connection)]
        toll.ended += len(ended)
        for connection in ended:
            held.remove(connection)
            connection.close()
        time.sleep(PAUSE_SECONDS)
    for connection in held:
        connection.close()
    return toll


def _connect(target: Target, receive_buffer: int = 0) -> socket.socket:
    """Returns a new connection. With a small `receive_buffer` the client's kernel keeps few of the bytes that are not
    read: the rest stays in the server."""
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(5)
    connection.connect((target.host, target.port))
    return connection


def _begin(target: Target, sent: bytes, receive_buffer: int) -> socket.socket:
    connection = _connect(target, receive_buffer)
    with contextlib.suppress(OSError):  # refused before its end, or the server reads no further
        connection.settimeout(0.5)
        connection.sendall(sent)
    connection.setblocking(False)
    return connection


def _is_ended(connection: socket.socket) -> bool:
    """Returns whether the server has ended the connection, also where unread bytes still wait in the kernel."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in ENDED_STATES


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 0
