"""systemd's two protocols for services: sockets handed down (sd_listen_fds) and state told back (sd_notify)."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

FIRST_LISTEN_FD = 3  # fixed by sd_listen_fds(3)


def listen_fd() -> int | None:
    """Returns the descriptor of the socket that systemd opened for this process; None when it opened none."""
    environment = _initial_environment()
    is_ours = environment.get("LISTEN_PID") == str(os.getpid())
    return FIRST_LISTEN_FD if is_ours and environment.get("LISTEN_FDS", "0") != "0" else None


def notify(state: str) -> None:
    """Sends a state, such as `READY=1` or `STOPPING=1`, to systemd (Type=notify). Does nothing without NOTIFY_SOCKET.
    A state may have several lines; `STATUS=` is what `systemctl status` shows."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract names
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifying:
        try:
            notifying.sendto(state.encode(), address)
        except OSError:  # the socket's owner is gone
            return


def notify_reloading(status: str) -> None:
    """Tells systemd that a reload has begun. It ends with the next `READY=1`, for which `systemctl reload` waits."""
    notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}\nSTATUS={status}")


def _initial_environment() -> dict[str, str]:
    """Returns the variables that this process was started with. os.environ does not serve: Twisted removes systemd's
    variables from it when it is imported."""
    try:
        pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:  # not Linux, so no systemd either
        return {}
    return dict(os.fsdecode(pair).split("=", 1) for pair in pairs if b"=" in pair)
