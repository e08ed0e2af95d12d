"""The listening socket: bound here, or inherited from systemd or Supervisor.

All workers share one open socket, and so one queue of new connections: what a worker that stops listening leaves in it
is accepted by the others. With a socket each (SO_REUSEPORT) the kernel would reset the connections in its queue.
"""

from __future__ import annotations

import ctypes
import select
import socket
import struct
import sys
from contextlib import suppress

BACKLOG = 2048
"""Connections that the kernel completes before a worker has accepted them: a whole crowd that reconnects at once."""

UNSENT_BYTES = 128 * 1024
"""What the kernel holds of a connection beyond what is on its way to the client. Without this bound it takes some MiB
for each client that reads nothing, from memory that all programs of the machine share."""


def bind(address: str, port: int) -> socket.socket:
    """Returns a socket that listens there; `::` listens on IPv4, too. Raises OSError, for example for a taken port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if address == "::":
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    try:
        listening.bind((address, port))
    except OSError:
        listening.close()
        raise
    return _listen(listening)


def adopt(fd: int) -> socket.socket:
    """Returns the bound socket behind this descriptor, listening. Raises OSError when it is no socket.

    systemd's sockets listen already, Supervisor's are only bound; listening twice is harmless.
    """
    return _listen(socket.socket(fileno=fd))


def refuse_more(listening: socket.socket) -> None:
    """Makes the kernel complete no further connection on this socket, in any process. Those in its queue stay there, to
    be accepted before it is closed: with the socket, the kernel would reset them. A client that comes in between tries
    again by itself after a second, and is refused by then. Not for a socket that is to be used again.

    Only Linux can do so; elsewhere it does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    drop_all = ctypes.create_string_buffer(struct.pack("HBBI", _BPF_RETURN, 0, 0, 0))  # of each packet, keep 0 bytes
    program = struct.pack("HP", 1, ctypes.addressof(drop_all))
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


_SO_ATTACH_FILTER = 26
_BPF_RETURN = 0x06


def is_waited_for(listening: socket.socket) -> bool:
    """Returns whether a connection waits in the queue."""
    return bool(select.select([listening], [], [], 0)[0])


def _listen(listening: socket.socket) -> socket.socket:
    """Makes it listen. What is set here, its connections inherit."""
    if listening.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, "TCP_NOTSENT_LOWAT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    listening.listen(BACKLOG)
    return listening
