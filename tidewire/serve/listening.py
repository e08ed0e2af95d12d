"""The listening socket: bound here, or handed down by whoever started us.

Workers share one open socket rather than bind one each (SO_REUSEPORT): when a worker stops listening, the connections
that wait in the queue are accepted by the others, where a queue of its own would be reset.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

BACKLOG = 2048
FIRST_HANDED_DOWN = 3  # by sd_listen_fds(3)


def bind(address: str, port: int) -> socket.socket:
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
    """A socket that is open already. Raises OSError when it is none. (Supervisor hands down one that is bound only.)"""
    listening = socket.socket(fileno=fd)
    listening.listen(BACKLOG)
    return listening


def handed_down() -> int | None:
    """The descriptor that systemd's socket activation means for us."""
    environment = _environment_at_start()
    is_ours = environment.get("LISTEN_PID") == str(os.getpid())
    return FIRST_HANDED_DOWN if is_ours and environment.get("LISTEN_FDS", "0") != "0" else None


def _environment_at_start() -> dict[str, str]:
    """Not os.environ: Twisted takes systemd's variables out of it as soon as it is imported."""
    try:
        pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:  # not Linux, so no systemd either
        return {}
    return dict(os.fsdecode(pair).split("=", 1) for pair in pairs if b"=" in pair)
