"""Writes of finished frames and whole answers straight to the kernel's socket.

Twisted queues what is written, asks the poller to report when the socket is writable, writes, and removes the socket
from the poller again: per write two more system calls and one more turn of the loop than the write itself. Nearly
always the kernel takes everything at once. So `write` tries that first, and leaves to Twisted only what the kernel did
not take.

This relies on private attributes of Twisted's transports (those that `Transport` names), so it is used only with the
versions in TESTED. With others everything is written through Twisted's public methods.
"""

from __future__ import annotations

import socket
from importlib.metadata import version
from typing import Any, Protocol

from twisted.internet import tcp
from twisted.protocols.policies import ProtocolWrapper

TESTED = {"twisted": ("26.",), "autobahn": ("26.",), "daphne": ("4.2.",)}


def _is_tested() -> bool:
    return all(version(package).startswith(prefixes) for package, prefixes in TESTED.items())


IS_TESTED = _is_tested()


class Transport(Protocol):
    """The part of Twisted's TCP transport that `serve` uses; what begins in lower case after `socket` is private to
    Twisted: `dataBuffer` from `offset` on, and then `_tempDataBuffer`, are not written yet. Above `bufferSize` such
    bytes, Twisted pauses the producer."""

    connected: bool
    bufferSize: int
    socket: socket.socket
    dataBuffer: bytes
    offset: int
    _tempDataBuffer: list[bytes]
    _tempDataLen: int

    def write(self, data: bytes) -> None: ...
    def loseWriteConnection(self) -> None: ...
    def abortConnection(self) -> None: ...
    def pauseProducing(self) -> None: ...
    def resumeProducing(self) -> None: ...


def plain(transport: Any) -> Any:
    """Returns the TCP or Unix transport: this one, or what lies below its TLS."""
    return transport.transport if isinstance(transport, ProtocolWrapper) else transport


def is_direct(transport: object) -> bool:
    """Returns whether `write` may be used: on a plain TCP or Unix connection, with nothing between us and the socket
    as TLS would be, and with tested versions."""
    return IS_TESTED and isinstance(transport, tcp.Server) and not getattr(transport, "TLS", False)


def backlog(transport: Transport) -> int:
    """Returns the number of written bytes that the kernel has not taken yet; with TLS, of encrypted ones."""
    transport = plain(transport)
    return len(transport.dataBuffer) - transport.offset + transport._tempDataLen


def drop_backlog(transport: Transport) -> None:
    """Frees what the kernel has not taken, of a connection that has ended. Otherwise it would stay until the garbage
    collector runs, which is rare: a transport and its protocol refer to each other."""
    if (transport := plain(transport)) is None:  # TLS lets go of it
        return
    transport.dataBuffer, transport.offset = b"", 0
    transport._tempDataBuffer, transport._tempDataLen = [], 0


def write(transport: Transport, data: bytes) -> None:
    """Writes at once what the kernel takes, and leaves the rest to Twisted. Keeps the order of all writes."""
    if not (transport.dataBuffer or transport._tempDataBuffer):
        try:
            sent = transport.socket.send(data)
        except OSError:  # full, or gone: Twisted finds out which
            sent = 0
        if sent == len(data):
            return
        data = data[sent:]
    transport.write(data)
