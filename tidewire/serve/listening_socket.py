"""The listening socket: bound here, or inherited from systemd or Supervisor.

All workers share one open socket, and so one queue of new connections: what a worker that stops listening leaves in it
is accepted by the others. With a socket each (SO_REUSEPORT) the kernel would reset the connections in its queue.
"""

from __future__ import annotations

import socket

BACKLOG = 2048
"""Connections that the kernel completes before a worker has accepted them: a whole crowd that reconnects at once."""


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
    listening.listen(BACKLOG)
    return listening


def adopt(fd: int) -> socket.socket:
    """Returns the bound socket behind this descriptor, listening. Raises OSError when it is no socket.

    systemd's sockets listen already, Supervisor's are only bound; listening twice is harmless.
    """
    listening = socket.socket(fileno=fd)
    listening.listen(BACKLOG)
    return listening
