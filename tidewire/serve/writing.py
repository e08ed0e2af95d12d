"""Finished frames, and answers, straight to the socket.

Twisted queues what is written, asks the poller to say when the socket is writable, writes, and takes the poller off
again: two system calls and a turn of the loop more than the write itself, for each socket and event. Nearly always the
kernel takes all of it at once. So it is tried first, and only what it does not take goes Twisted's way.

This knows two things of Twisted's inside: where a transport keeps what it has not written. It is used with the versions
it was tested with; with others every frame goes the public way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from twisted.internet import tcp

TESTED = {"twisted": ("26.",), "autobahn": ("26.",), "daphne": ("4.2.",)}


def is_tested() -> bool:
    return all(version(package).startswith(prefixes) for package, prefixes in TESTED.items())


def has_backlog(transport: Any) -> bool:
    """Whether something waits that must go first."""
    return bool(transport.dataBuffer or transport._tempDataBuffer)


def backlog(transport: Any) -> int:
    """Bytes that the kernel has not taken yet."""
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen


def is_direct(transport: Any) -> bool:
    """A plain TCP (or Unix) connection: nothing between us and the socket, as TLS would be."""
    return IS_TESTED and isinstance(transport, tcp.Server) and not getattr(transport, "TLS", False)


def write(transport: Any, frame: bytes) -> None:
    """Writes at once what the kernel takes, and leaves the rest to Twisted."""
    if not has_backlog(transport):
        try:
            sent = transport.socket.send(frame)
        except OSError:  # full, or gone: Twisted finds out which
            sent = 0
        if sent == len(frame):
            return
        frame = frame[sent:]
    transport.write(frame)


@contextmanager
def in_one_piece(protocol: Any) -> Iterator[None]:
    """What a protocol of Twisted's writes in this block (an answer's head, its headers, its body) leaves as one."""
    transport = protocol.transport
    if not is_direct(transport):  # or such a block already: what waits there goes first
        yield
        return
    protocol.transport = _Collected(transport)
    try:
        yield
    finally:
        end_piece(protocol)


def end_piece(protocol: Any) -> None:
    """Writes what there is of a piece. To be called before the protocol turns to what else the client has sent: that
    may be handed the transport."""
    collected = protocol.transport
    if isinstance(collected, _Collected):
        protocol.transport = collected.transport
        if collected.parts and collected.transport.connected:
            write(collected.transport, b"".join(collected.parts))


class _Collected:
    """A transport that keeps what is written to it; everything else is for the transport behind it."""

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.parts.append(data)

    def writeSequence(self, parts: Iterable[bytes]) -> None:
        self.parts += parts

    def __getattr__(self, name: str) -> Any:
        return getattr(self.transport, name)


IS_TESTED = is_tested()
